import type { Core } from "../types/core.ts";
import { adoptStyles } from "../lib/adoptStyles.ts";
import { element } from "../lib/element.ts";
import { safeUrl } from "../lib/safeUrl.ts";
import { banner as english } from "../../../opsplug/locales/en/snippet.json";
import { loadTexts } from "../lib/loadTexts.ts";
import css from "./banner.css";

/** Asks once, takes either answer with one press, covers nothing and steals no focus. With `open` it asks again. */
export async function askConsent(core: Core, host: HTMLElement): Promise<void> {
  if (core.decided() && !host.hasAttribute("open")) return;
  const [words, language] = await loadTexts(core, host, "banner", english);
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
