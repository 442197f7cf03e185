import type { Item, Properties } from "../types/events.ts";

const SAME_ACT_MS = 1_000;

/**
 * One act of the visitor is often told twice, by markup and by a data layer. The second telling is dropped; a second view of
 * the same item within one page view is no second view, whoever tells it.
 */
export function createOnce(now: () => number): { first: (source: string, name: string, properties: Properties) => boolean; reset: () => void } {
  let told: Record<string, { source: string; at: number }> = {};
  return {
    first(source, name, properties) {
      const key = `${name} ${(properties.items as Item[] | undefined)?.[0]?.item_id}`;
      const earlier = told[key];
      if (earlier && (name === "view_item" || (earlier.source !== source && now() - earlier.at < SAME_ACT_MS))) return false;
      told[key] = { source, at: now() };
      return true;
    },
    reset() {
      told = {};
    },
  };
}
