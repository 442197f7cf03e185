import { element } from "../lib/element.ts";
import type { Line } from "./types.ts";

/** The list anew; the keyboard stays on the conversation it was on. */
export function drawLines(root: HTMLElement, lines: Line[]): void {
  const list = root.querySelector<HTMLElement>("[data-lines]")!;
  const { inbox, view, conversation } = root.dataset;
  const made = lines.map((line) => drawLine(line, `${inbox}/${line.id}?view=${view}`, line.id === conversation));
  const known = [...list.children].map((child) => child.textContent).join();
  if (known === made.map((child) => child.textContent).join()) return;
  const focused = list.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
  list.replaceChildren(...made);
  if (focused) [...list.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  root.querySelector<HTMLElement>("[data-empty]")!.hidden = lines.length > 0;
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
