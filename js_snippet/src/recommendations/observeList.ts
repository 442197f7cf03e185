import type { Core } from "../types/core.ts";
import type { Item } from "../types/events.ts";
import { watchSeen } from "./watchSeen.ts";
import { fill } from "../lib/fill.ts";

export interface ListIdentity {
  placement: string;
  recommendationId: string;
  heading: string;
  /** Only a list that was drawn here has a menu. */
  removed?: string | undefined;
}

/** Tells what of a list was seen, opened and refused, whoever rendered it. */
export function observeList(core: Core, section: Element, identity: ListIdentity): () => void {
  const list = {
    item_list_id: `opsplug:${identity.placement}`,
    item_list_name: identity.heading,
    recommendation_id: identity.recommendationId,
  };
  const describe = (card: HTMLElement): Item => ({
    item_id: card.dataset.itemId!,
    index: Number(card.dataset.index),
    recommendation_id: identity.recommendationId,
    reason_code: card.dataset.reasonCode,
  });

  const opened = (event: Event): void => {
    const target = event.target as Element;
    const card = target.closest<HTMLElement>("[data-item-id]");
    if (!card || (event as MouseEvent).button > 1) return;
    if (target.closest("a")) core.track("select_item", { ...list, items: [describe(card)] }, { urgent: true });
    else if (target.closest(".opsplug-menu button")) refuse(card);
  };

  function refuse(card: HTMLElement): void {
    core.track("item_feedback", { ...list, action: "not_interested", items: [describe(card)] }, { urgent: true });
    const name = card.querySelector(".opsplug-name")?.textContent || "";
    const next = (card.nextElementSibling ?? card.previousElementSibling)?.querySelector("a");
    card.remove();
    section.querySelector(".opsplug-said")?.replaceChildren(fill(identity.removed!, name));
    if (next) next.focus({ preventScroll: true });
    else section.remove();
  }

  const leaveMenu = (event: Event): void => {
    const menu = (event.target as Element).closest("details");
    const isEscape = (event as KeyboardEvent).key === "Escape";
    const next = (event as FocusEvent).relatedTarget as Node | null;
    if (!menu || !(isEscape || (next && !menu.contains(next)))) return;
    menu.open = false;
    if (isEscape) menu.querySelector("summary")!.focus();
  };

  const ending = new AbortController();
  const listen = (type: string, listener: (event: Event) => void): void =>
    section.addEventListener(type, listener, { signal: ending.signal });
  listen("click", opened);
  listen("auxclick", opened);
  listen("keydown", leaveMenu);
  listen("focusout", leaveMenu);
  const stop = watchSeen(section, section.querySelectorAll("[data-item-id]"), (cards) =>
    core.track("view_item_list", { ...list, items: (cards as HTMLElement[]).map(describe) }),
  );
  return () => {
    stop();
    ending.abort();
  };
}
