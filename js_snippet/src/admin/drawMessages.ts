import { element } from "../lib/element.ts";
import type { Said } from "./types.ts";

/** Adds what is new, each message once, always as text. */
export function drawMessages(log: HTMLElement, messages: Said[], noteOnly: string): void {
  const known = new Set([...log.children].map((child) => (child as HTMLElement).dataset.id));
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  for (const { id, role, who, text, at } of messages) {
    if (known.has(id)) continue;
    const head = element("span", { class: "who" }, `${who} `, element("time", {}, at));
    if (role === "note") head.append(" ", element("em", {}, noteOnly));
    log.append(element("div", { class: role, "data-id": id }, head, element("p", { dir: "auto" }, text)));
  }
  if (atEnd) log.scrollTop = log.scrollHeight;
}
