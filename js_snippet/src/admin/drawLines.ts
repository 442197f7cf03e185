import { element } from "../lib/element.ts";
import type { Line } from "./types.ts";

const TEXTS = "strong, time, .last, .tags";

/** The list as it is now. Links that stay are mended in place: a click or the keyboard may be on one of them. */
export function drawLines(root: HTMLElement, lines: Line[]): void {
  const list = root.querySelector<HTMLElement>("[data-lines]")!;
  const { inbox, view, conversation } = root.dataset;
  const rows = new Map([...list.children].map((row) => [row.querySelector("a")?.getAttribute("href"), row]));
  const focused = list.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
  lines.forEach((line, place) => {
    const href = `${inbox}/${line.id}?view=${view}`;
    const made = drawLine(line, href, line.id === conversation);
    const row = rows.get(href) ?? made;
    if (rows.delete(href)) mend(row, made);
    if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
  });
  rows.forEach((row) => row.remove());
  if (focused !== document.activeElement) focused?.focus();
  root.querySelector<HTMLElement>("[data-empty]")!.hidden = lines.length > 0;
}

function mend(row: Element, made: Element): void {
  const [link, other] = [row.querySelector("a")!, made.querySelector("a")!];
  link.className = other.className;
  if (other.hasAttribute("aria-current")) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
  const texts = other.querySelectorAll(TEXTS);
  link.querySelectorAll(TEXTS).forEach((text, place) => {
    const now = texts[place]?.textContent ?? "";
    if (text.textContent !== now) text.textContent = now;
  });
}

function drawLine(line: Line, href: string, open: boolean): HTMLElement {
  const link = element(
    "a",
    { href, class: line.speaks ? "speaks" : undefined, "aria-current": open ? "true" : undefined },
    element("span", { class: "top" }, element("strong", {}, line.title), element("time", {}, line.age)),
    element("span", { class: "last", dir: "auto" }, line.text),
    element("span", { class: "tags" }, line.tags.join(" · ")),
  );
  return element("li", {}, link);
}
