import { drawLines } from "./drawLines.ts";
import { drawMessages } from "./drawMessages.ts";
import { sendAnswers } from "./sendAnswers.ts";
import type { News } from "./types.ts";

/** Keeps the inbox as it stands: the list, the open conversation, whose it is. Without this script the page is loaded anew. */
export function followInbox(root: HTMLElement): void {
  const words = root.dataset;
  const log = root.querySelector<HTMLElement>("[data-messages]");
  const changed = root.querySelector<HTMLElement>("[data-changed]");
  const status = document.querySelector<HTMLElement>("[data-inbox-status]");
  const query = new URLSearchParams({ view: words.view ?? "", conversation: words.conversation ?? "" });
  let waiting = count("waiting");
  let pressed = false;
  let held: News | undefined;

  const events = new EventSource(`${words.inbox}/live?${query}`);
  events.onmessage = ({ data }) => take(JSON.parse(data));
  events.onopen = () => say("");
  // A stream that ends is asked for again by the browser; one that was refused (a session that is over) is not.
  events.onerror = () => events.readyState === EventSource.CLOSED && say(words.offline ?? "");
  addEventListener("pagehide", () => events.close());
  // What moves under a pressed pointer loses the click: news wait until it is let go.
  root.addEventListener("pointerdown", () => (pressed = true));
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(release));
  const form = root.querySelector<HTMLFormElement>("[data-answer]");
  if (form) sendAnswers(form);
  if (log) log.scrollTop = log.scrollHeight;

  function release(): void {
    const news = held;
    pressed = false;
    held = undefined;
    if (news) take(news);
  }

  function take(news: News): void {
    if (pressed) {
      held = news;
      return;
    }
    drawLines(root, news.lines);
    for (const [name, number] of Object.entries(news.counts)) {
      const place = root.querySelector(`[data-count="${name}"]`);
      if (place) place.textContent = `${number}`;
    }
    const now = news.counts.waiting ?? 0;
    if (now > waiting) say(words.newChat ?? "");
    waiting = now;
    document.title = `${waiting ? `(${waiting}) ` : ""}${words.title} – opsplug`;
    if (log && news.messages) drawMessages(log, news.messages, words.noteOnly ?? "");
    if (changed) changed.hidden = news.owner === undefined || news.owner === words.owner;
  }

  function count(name: string): number {
    return Number(root.querySelector(`[data-count="${name}"]`)?.textContent ?? 0);
  }

  function say(text: string): void {
    if (status && status.textContent !== text) status.textContent = text;
  }
}
