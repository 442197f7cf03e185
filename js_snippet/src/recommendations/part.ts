import { element } from "../lib/element.ts";

/** A piece of a widget that the shop may style: `opsplug-name` for a rule of the page, `::part(name)` through the shadow root. */
export function part<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  attributes: Record<string, string | undefined> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  return element(tag, { class: `opsplug-${name}`, part: name, ...attributes }, ...children);
}
