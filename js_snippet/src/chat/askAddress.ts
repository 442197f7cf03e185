import { element } from "../lib/element.ts";
import type { Texts } from "./types.ts";

/** A small form for an address. `give` says whether it was taken; what was typed stays until then. */
export function askAddress(label: string, action: string, type: "text" | "email", words: Texts, give: (address: string) => Promise<boolean>, done: string): HTMLElement {
  const field = element("input", { type, autocomplete: "email", maxlength: "254", required: "", "aria-label": label, placeholder: label });
  const said = element("p", { class: "note", role: "status" });
  const form = element("form", { class: "message system ask" }, field, element("button", { class: "small" }, action), said);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const taken = await give(field.value);
    said.textContent = taken ? done : words.wrong;
    field.ariaInvalid = taken ? null : "true";
    if (taken) form.replaceChildren(said);
    else field.focus();
  };
  return form;
}
