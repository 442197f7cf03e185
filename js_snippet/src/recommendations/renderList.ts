import { recommendations as english } from "../../../opsplug/locales/en/snippet.json";
import type { Recommendations } from "../types/core.ts";
import { element } from "../lib/element.ts";
import { part } from "./part.ts";
import { renderCard } from "./renderCard.ts";

/** The titled row of cards. */
export function renderList(list: Recommendations, heading: string, language: string): HTMLElement {
  return part(
    "section",
    "recommendations",
    { "aria-label": heading, lang: language },
    element("h2", { part: "heading" }, heading),
    // Safari takes the list's role away with its bullets.
    element("ul", { part: "list", role: "list" }, ...list.items.map((item, index) => renderCard(item, index, language, list.texts || english))),
    part("span", "said", { role: "status" }),
  );
}

/** The same room, empty, until the list is there. */
export function renderWaiting(count: number, language: string): HTMLElement {
  const blank = { item_id: "\u00a0" };
  const section = renderList({ recommendation_id: "", items: Array(count).fill(blank) }, blank.item_id, language);
  section.inert = true;
  return section;
}
