import type { Core } from "../types/core.ts";
import { adoptStyles } from "../lib/adoptStyles.ts";
import { element } from "../lib/element.ts";
import { chat_button as english } from "../../../opsplug/locales/en/snippet.json";
import { loadTexts } from "../lib/loadTexts.ts";
import css from "./chatButton.css";

/** The round button alone; the conversation behind it is loaded on the first click. */
export function chatButton(host: HTMLElement, core: Core): void {
  if (host.shadowRoot) return;
  const root = host.attachShadow({ mode: "open" });
  adoptStyles(root, css);
  const button = element("button", { type: "button", part: "button", "aria-expanded": "false", "aria-haspopup": "dialog" });
  button.ariaLabel = english;
  void loadTexts(core, host, "chat_button", english).then(([label]) => (button.ariaLabel = label));
  button.append(icon());
  button.onclick = async () => {
    button.ariaBusy = "true";
    (await core.load("chat"))?.(host);
    button.ariaBusy = null;
  };
  root.append(button);
}

function icon(): SVGElement {
  const names = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(names, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(names, "path");
  path.setAttribute("d", "M12 3c5 0 9 3.4 9 7.7s-4 7.8-9 7.8q-1.5 0-2.9-.4L4.5 21l.8-4.3A7.3 7.3 0 0 1 3 10.7C3 6.4 7 3 12 3z");
  svg.append(path);
  return svg;
}
