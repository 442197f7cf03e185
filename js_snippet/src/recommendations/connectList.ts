import { recommendations as english } from "../../../opsplug/locales/en/snippet.json";
import type { Core, RecommendationQuery, Recommendations } from "../types/core.ts";
import { adoptStyles } from "../lib/adoptStyles.ts";
import { observeList } from "./observeList.ts";
import { renderList, renderWaiting } from "./renderList.ts";
import css from "./cards.css";

const HOST_CSS = ":host{display:block}:host([hidden]){display:none}";
// What other lists of this page show is not shown again: each asks after the one before it was answered.
const shown = new Map<Element, string[]>();
let turn: Promise<unknown> = Promise.resolve();

/** A list that the server rendered is only watched; any other is fetched and drawn. */
export function connectList(core: Core, host: HTMLElement): () => void {
  const rendered = host.querySelector("section");
  const placement = host.getAttribute("placement") || "home";
  const language = host.getAttribute("language") || core.config.language;
  let stop: (() => void) | undefined;
  let gone = false;

  function watch(section: HTMLElement, recommendationId: string, removed?: string): void {
    stop?.();
    const cards = [...section.querySelectorAll<HTMLElement>("[data-item-id]")];
    shown.set(host, cards.map((card) => card.dataset.itemId!));
    const heading = section.querySelector("h2")?.textContent || "";
    stop = observeList(core, section, { placement, recommendationId, heading, removed });
  }

  function draw(list: Recommendations): void {
    if (gone) return;
    if (list.items.length) {
      const section = renderList(list, host.getAttribute("heading") || list.title || "", list.language || language);
      shadowOf(host).replaceChildren(section);
      host.dataset.ready = "";
      watch(section, list.recommendation_id, (list.texts || english).removed);
    } else if (!rendered) leave(host);
  }

  const served = rendered && host.dataset.recommendationId;
  if (served) watch(rendered, served);
  if (!served || host.hasAttribute("personal")) {
    if (!rendered) showWaiting(host, language);
    turn = turn.then(() => (gone ? undefined : core.recommendations(query(host, placement, language)).then(draw))).catch(() => {
      if (!rendered) leave(host);
    });
  }
  return () => {
    gone = true;
    stop?.();
    shown.delete(host);
  };
}

function query(host: HTMLElement, placement: string, language: string): RecommendationQuery {
  const others = [...shown].flatMap(([other, ids]) => (other === host ? [] : ids));
  return {
    placement,
    language,
    item_id: host.getAttribute("item-id"),
    k: host.getAttribute("k"),
    exclude: [host.getAttribute("exclude") || [], others].flat().join(),
  };
}

function shadowOf(host: HTMLElement): ShadowRoot {
  if (host.shadowRoot) return host.shadowRoot;
  const root = host.attachShadow({ mode: "open" });
  adoptStyles(root, HOST_CSS + css);
  return root;
}

/** Only where the page has kept room for it; without that, one move when the list is there is better than two. */
function showWaiting(host: HTMLElement, language: string): void {
  host.hidden = false;
  host.style.visibility = "";
  if (host.offsetHeight < 100) return;
  const root = shadowOf(host);
  if (!root.childElementCount) root.append(renderWaiting(Number(host.getAttribute("k")) || 8, language));
  host.dataset.ready = "";
}

/** Absent, but never by moving what the visitor is looking at. */
function leave(host: HTMLElement): void {
  host.style.visibility = "hidden";
  new IntersectionObserver((entries, observer) => {
    if (entries.pop()!.isIntersecting) return;
    observer.disconnect();
    host.hidden = true;
  }).observe(host);
}
