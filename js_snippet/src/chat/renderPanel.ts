import { element } from "../lib/element.ts";
import { press } from "./renderMessage.ts";
import type { Texts } from "./types.ts";

export interface Panel {
  panel: HTMLElement;
  log: HTMLElement;
  status: HTMLElement;
  field: HTMLTextAreaElement;
  human: HTMLButtonElement;
}

export interface PanelActions {
  close: () => void;
  human: () => void;
  send: (text: string) => void;
}

/** The frame around a conversation. */
export function renderPanel(language: string, words: Texts, actions: PanelActions): Panel {
  const human = press(words.human, actions.human);
  const close = element("button", { type: "button", class: "close", "aria-label": words.close }, "×");
  close.onclick = actions.close;
  const log = element("div", { class: "log", role: "log", tabindex: "0", "aria-label": words.log });
  const status = element("p", { class: "status", role: "status" });
  const field = element("textarea", { rows: "1", maxlength: "2000", "aria-label": words.placeholder, placeholder: words.placeholder, dir: "auto" });
  const form = element("form", {}, field, element("button", { class: "send" }, words.send));
  form.onsubmit = (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    actions.send(text);
    field.focus();
  };
  field.onkeydown = (event) => {
    // While an input method composes, Enter chooses a word.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  };
  const panel = element(
    "section",
    { class: "panel", part: "panel", role: "dialog", "aria-label": words.title, lang: language },
    element("header", {}, element("h2", {}, words.title), human, close),
    log,
    status,
    form,
  );
  panel.onkeydown = (event) => {
    if (event.key === "Escape") actions.close();
  };
  return { panel, log, status, field, human };
}
