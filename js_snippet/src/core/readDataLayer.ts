import type { Item, Properties } from "../types/events.ts";
import { commerceNames } from "./eventNames.ts";

const KEYS =
  /^(currency|value|coupon|cart_id|item_list_(id|name)|search_term|results_count|shipping_tier|payment_type|method|(promotion|creative)_\w+)$/;
const ITEM_KEYS =
  /^(item_\w+|price|quantity|discount|coupon|affiliation|location_id|index|(promotion|creative)_\w+)$/;

/** One entry of a GA4 data layer as an event, if it is one of ours. Only GA4's own keys pass; what else a shop pushes stays with the shop. */
export function readDataLayer(entry: unknown): { name: string; properties: Properties } | undefined {
  if (!entry || typeof entry !== "object") return undefined;
  const fields = entry as Properties;
  const called = fields[0] === "event";
  const name = called ? fields[1] : fields.event;
  if (!commerceNames.has(name)) return undefined;
  const given = { ...((called ? fields[2] : { ...fields, ...(fields.ecommerce as Properties) }) as Properties) };
  const properties = pick(given, KEYS);
  if (Array.isArray(given.items)) properties.items = given.items.slice(0, 200).map((item) => pick(item as Item, ITEM_KEYS));
  return { name: name as string, properties };
}

function pick(from: Properties, allowed: RegExp): Properties {
  return Object.fromEntries(
    Object.entries(from || {}).filter(([key, value]) => allowed.test(key) && /^(string|number)$/.test(typeof value)),
  );
}
