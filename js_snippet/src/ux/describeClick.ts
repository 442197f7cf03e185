import type { Properties } from "../types/events.ts";
import { hashText } from "../lib/hashText.ts";
import { elementPath } from "./elementPath.ts";

const ACTORS = "a,button,label,summary,[role=button]";

/** Where and on what, in relative coordinates; the words on it only as a hash. */
export function describeClick(event: MouseEvent, target: Element): Properties {
  const actor = target.closest(ACTORS) ?? target;
  const text = actor.textContent?.trim();
  const box = actor.getBoundingClientRect();
  return {
    selector_path: elementPath(actor),
    tag: actor.localName,
    text_hash: text && text.length <= 100 ? hashText(text) : undefined,
    ...(event.detail && {
      x_rel: share(event.clientX, document.documentElement.clientWidth),
      y: Math.round(event.pageY),
      element_x: share(event.clientX - box.left, box.width),
      element_y: share(event.clientY - box.top, box.height),
    }),
  };
}

function share(part: number, whole: number): number {
  return whole ? Math.round((part / whole) * 1_000) / 1_000 : 0;
}
