import { element } from "../lib/element.ts";
import { safeUrl } from "../lib/safeUrl.ts";
import { formatPrice } from "../recommendations/formatPrice.ts";
import type { Texts } from "./types.ts";
import type { Message } from "./types.ts";

export interface Actions {
  retry: () => void;
  feedback: (message: Message, helpful: boolean) => void;
}

/** One message: who speaks, what they say (always as text), what it rests on. */
export function renderMessage(message: Message, language: string, words: Texts, actions?: Actions): HTMLElement {
  const { role, delivery } = message;
  const who = role === "visitor" ? words.you : role === "agent" ? message.name || words.agent : words.assistant;
  const made = element("div", { class: `message ${role}`, part: `message ${role}` });
  if (role !== "system") made.append(element("span", { class: "who" }, who));
  made.append(element("p", { dir: "auto" }, message.text));
  const items = (message.items ?? []).map((item) => renderItem(item, language));
  if (items.length) made.append(element("ul", { class: "items" }, ...items));
  const sources = (message.sources ?? []).map(renderSource);
  const listed = sources.flatMap((source, index) => (index ? [", ", source] : [source]));
  if (sources.length) made.append(element("p", { class: "sources" }, words.sources, ...listed));
  if (delivery === "failed" && actions) made.append(element("p", { class: "note" }, words.failed, " ", press(words.retry, actions.retry)));
  if (role === "assistant" && sources.length && actions) made.append(askFeedback(message, words, actions));
  return made;
}

function renderItem(item: NonNullable<Message["items"]>[number], language: string): HTMLElement {
  const name = item.item_name || item.item_id;
  const price = formatPrice(item, language);
  const url = safeUrl(item.url);
  return element("li", {}, url ? element("a", { href: url }, name) : name, ...(price ? [" ", element("b", {}, price)] : []));
}

function renderSource(source: { title?: string; url?: string }): Node | string {
  const url = safeUrl(source.url);
  const title = source.title || url || "";
  return url ? element("a", { href: url }, title) : title;
}

function askFeedback(message: Message, words: Texts, actions: Actions): HTMLElement {
  const asked = element("p", { class: "note" }, words.helpful, " ");
  const answer = (helpful: boolean): void => {
    asked.replaceChildren(words.thanks);
    actions.feedback(message, helpful);
  };
  asked.append(
    press(words.yes, () => answer(true)),
    " ",
    press(words.no, () => answer(false)),
  );
  return asked;
}

export function press(label: string, action: () => void): HTMLButtonElement {
  const button = element("button", { type: "button", class: "small" }, label);
  button.onclick = action;
  return button;
}
