import type { Core } from "../types/core.ts";
import { adoptStyles } from "../lib/adoptStyles.ts";
import { element } from "../lib/element.ts";
import { safeUrl } from "../lib/safeUrl.ts";
import { texts } from "./texts.ts";
import css from "./banner.css";

/** Asks once, takes either answer with one press, covers nothing and steals no focus. With `open` it asks again. */
export function askConsent(core: Core, host: HTMLElement): void {
  if (core.decided() && !host.hasAttribute("open")) return;
  const language = host.getAttribute("language") || core.config.language;
  const words = texts(language);
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  if (!root.adoptedStyleSheets.length) adoptStyles(root, css);
  const answer = (label: string, granted: boolean): HTMLButtonElement => {
    const button = element("button", { type: "button", part: "button" }, label);
    button.onclick = () => {
      root.replaceChildren();
      void core.consent(granted);
    };
    return button;
  };
  const policy = safeUrl(host.getAttribute("privacy-url"));
  root.replaceChildren(
    element(
      "section",
      { part: "panel", "aria-label": words.title, lang: language },
      element("h2", {}, words.title),
      element("p", {}, words.body, ...(policy ? [" ", element("a", { href: policy }, words.more)] : [])),
      // Two answers of the same size and colour: neither is the easier one.
      element("div", {}, answer(words.refuse, false), answer(words.accept, true)),
    ),
  );
}
