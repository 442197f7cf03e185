import type { ListTexts, RecommendedItem } from "../types/core.ts";
import { fill } from "../lib/fill.ts";
import { element } from "../lib/element.ts";
import { safeUrl } from "../lib/safeUrl.ts";
import { formatPrice } from "./formatPrice.ts";
import { part } from "./part.ts";

/** One card; `index` is its place in the list. */
export function renderCard(item: RecommendedItem, index: number, language: string, words: ListTexts): HTMLLIElement {
  const name = item.item_name || item.item_id;
  return element(
    "li",
    { part: "item", "data-item-id": item.item_id, "data-index": `${index}`, "data-reason-code": item.reason_code },
    part(
      "a",
      "card",
      { href: safeUrl(item.url) },
      renderPicture(item, name),
      part("span", "name", {}, name),
      part("span", "price", {}, formatPrice(item, language)),
      part("span", "reason", {}, item.reason || ""),
    ),
    part(
      "details",
      "menu",
      // One name: opening one closes the others.
      { name: "opsplug" },
      element("summary", { "aria-label": fill(words.options, name) }),
      element("button", { type: "button" }, words.not_interested),
    ),
  );
}

function renderPicture(item: RecommendedItem, name: string): HTMLElement {
  const tile = part("span", "tile", { "aria-hidden": "true", "data-initial": [...name][0]!.toUpperCase() });
  tile.style.setProperty("--opsplug-hue", `${hue(item.item_category || name)}`);
  const source = safeUrl(item.image_url);
  if (!source) return tile;
  const image = element("img", { alt: "", loading: "lazy", src: source });
  const picture = part("span", "image", {}, image);
  image.onerror = () => picture.replaceWith(tile);
  return picture;
}

/** The same category has the same colour everywhere. */
function hue(text: string): number {
  let sum = 0;
  for (let index = 0; index < text.length; index++) sum = (sum * 31 + text.charCodeAt(index)) % 360;
  return sum;
}
