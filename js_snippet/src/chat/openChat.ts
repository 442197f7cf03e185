import { chat as english } from "../../../opsplug/locales/en/snippet.json";
import type { Core } from "../types/core.ts";
import { adoptStyles } from "../lib/adoptStyles.ts";
import { element } from "../lib/element.ts";
import { fill } from "../lib/fill.ts";
import { loadTexts } from "../lib/loadTexts.ts";
import { askAddress } from "./askAddress.ts";
import { callServer } from "./callServer.ts";
import { createConversation } from "./createConversation.ts";
import { press, renderMessage } from "./renderMessage.ts";
import { renderPanel } from "./renderPanel.ts";
import type { Message, Texts } from "./types.ts";
import css from "./chat.css";

const toggles = new WeakMap<HTMLElement, () => void>();

/** Called by the button, each time: builds the conversation first, then opens and closes it. */
export async function openChat(core: Core, host: HTMLElement): Promise<void> {
  const [words, language] = await loadTexts(core, host, "chat", english);
  if (!toggles.has(host)) toggles.set(host, build(core, host, words, language));
  toggles.get(host)!();
}

function build(core: Core, host: HTMLElement, words: Texts, language: string): () => void {
  const root = host.shadowRoot!;
  const button = root.querySelector<HTMLButtonElement>("button")!;
  const drawn = new Map<string, { element: HTMLElement; delivery: Message["delivery"]; text: string }>();
  const talk = createConversation(callServer(core.config.prefix), language, draw, (action, ms) => setTimeout(action, ms));
  const { panel, log, status, field, human } = renderPanel(language, words, {
    close: toggle,
    send: talk.send,
    human() {
      field.focus();
      void talk.human(words.human);
    },
  });
  const hello = renderMessage({ id: "", role: "assistant", text: words.hello }, language, words);
  const told = element("span", { class: "told", role: "status" });
  const offered: Partial<Record<"contact" | "rate" | "transcript", HTMLElement>> = {};

  function draw(): void {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    const kept = new Set(talk.messages.map((message) => message.id));
    for (const [id, { element }] of drawn) {
      if (kept.has(id)) continue;
      element.remove();
      drawn.delete(id);
    }
    for (const message of talk.messages) {
      const { delivery, text, id } = message;
      const known = drawn.get(id);
      if (known?.delivery === delivery && known?.text === text) continue;
      const made = renderMessage(message, language, words, {
        retry: talk.retry,
        feedback(answered, helpful) {
          talk.tell("feedback", { message_id: answered.id, helpful });
          core.track("chat_feedback", { helpful });
        },
      });
      if (known) known.element.replaceWith(made);
      else {
        log.append(made);
        if (!panel.isConnected && message.role === "agent") news(true);
      }
      drawn.set(id, { element: made, delivery, text });
    }
    offer("contact", () => askAddress(words.address, words.leave, "text", words, (address) => give("contact", address), words.thanks));
    offer("rate", askRating);
    offer("transcript", () => askAddress(words.mail, words.letter, "email", words, (address) => give("transcript", address), words.sent), talk.state === "closed");
    human.hidden = talk.state === "human";
    human.disabled = talk.state === "waiting";
    say(statusText());
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  /** A person has answered while the panel was closed. */
  function news(there: boolean): void {
    button.toggleAttribute("data-news", there);
    told.textContent = there ? words.news : "";
  }

  /** Once for each time that the server offers it, below what was said. */
  function offer(what: keyof typeof offered, make: () => HTMLElement, also = true): void {
    const known = offered[what];
    if (talk.offers[what] && also) {
      if (!known) log.append((offered[what] = make()));
    } else {
      known?.remove();
      delete offered[what];
    }
  }

  async function give(what: "contact" | "transcript", address: string): Promise<boolean> {
    const taken = await talk.give(what, address);
    if (taken) field.focus();
    return taken;
  }

  function say(text: string): void {
    if (status.textContent !== text) status.textContent = text;
  }

  function statusText(): string {
    if (!navigator.onLine) return words.offline;
    if (talk.trouble) return words.trouble;
    if (talk.state === "waiting") return words.waiting;
    if (talk.state === "closed") return words.closed;
    return talk.busy && talk.state === "bot" ? words.typing : "";
  }

  function askRating(): HTMLElement {
    const asked = element("div", { class: "message system", role: "group", "aria-label": words.rate }, element("p", {}, words.rate));
    for (let score = 1; score <= 5; score++) {
      const choice = press(`${score}`, () => {
        asked.replaceChildren(element("p", {}, words.thanks));
        talk.tell("csat", { score });
        core.track("chat_csat", { score });
      });
      choice.ariaLabel = fill(words.star, `${score}`);
      asked.append(choice);
    }
    return asked;
  }

  function toggle(): void {
    const open = !panel.isConnected;
    button.ariaExpanded = `${open}`;
    host.toggleAttribute("open", open);
    news(false);
    if (!open) {
      if (talk.state !== "waiting" && talk.state !== "human") talk.stop(); // a person's words are waited for
      panel.remove();
      button.focus();
      return;
    }
    root.append(panel);
    field.focus();
    draw();
    log.scrollTop = log.scrollHeight;
    core.track("chat_open");
    void talk.load();
  }

  adoptStyles(root, css);
  root.append(told);
  log.append(hello);
  addEventListener("online", () => talk.retry());
  addEventListener("offline", draw);
  return toggle;
}
