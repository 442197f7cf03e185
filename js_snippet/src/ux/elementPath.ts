const DEEPEST = 5;

/** A selector that finds the element again, such as `main > ul.grid > li:nth-of-type(3) > a`; no text, no made-up names. */
export function elementPath(element: Element): string {
  const parts: string[] = [];
  let node: Element | null = element;
  while (node && node !== document.body && parts.length < DEEPEST) {
    if (node.id && !/\d{3}/.test(node.id)) {
      parts.unshift(`#${CSS.escape(node.id)}`);
      break;
    }
    parts.unshift(step(node));
    node = node.parentElement;
  }
  return parts.join(" > ") || "body";
}

function step(node: Element): string {
  const word = [...node.classList].find((name) => /^[a-z][a-z_-]+$/i.test(name));
  const alike = [...(node.parentElement?.children ?? [])].filter((other) => other.localName === node.localName);
  return node.localName + (word ? `.${word}` : "") + (alike.length > 1 ? `:nth-of-type(${alike.indexOf(node) + 1})` : "");
}
