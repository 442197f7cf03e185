import type { Core } from "../types/core.ts";
import type { Properties } from "../types/events.ts";
import { quietly } from "../lib/quietly.ts";

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
const SECRET = /pass|card|cc-|cv[cv]|iban|ssn|otp|one-time|pin$|secret|token/i;

/** How forms are begun, sent and left: names of fields, never what is in them, and nothing of secret ones. */
export function watchForms(core: Core): void {
  const begun = new Map<HTMLFormElement, { fields: Set<string>; last?: string }>();

  function touched(event: Event): void {
    const field = event.target as Field;
    const form = field.form;
    if (!form || field.type === "hidden" || field.closest("[data-opsplug-ignore],[role=search],[type=search]")) return;
    const name = fieldName(field);
    let state = begun.get(form);
    if (!state) {
      begun.set(form, (state = { fields: new Set() }));
      core.track("form_start", { ...describeForm(core, form), first_field: name });
    }
    if (!name) return;
    state.last = name;
    state.fields.add(name);
  }

  function sent(event: Event): void {
    const form = event.target as HTMLFormElement;
    if (begun.delete(form)) core.track("form_submit", describeForm(core, form));
  }

  // A form that a script sends never says "submit": a click on its button says it as well.
  function pressed(event: Event): void {
    const button = (event.target as Element).closest?.<HTMLButtonElement>("form button,form [type=submit]");
    if (button?.form) setTimeout(() => sent({ target: button.form } as unknown as Event));
  }

  document.addEventListener("input", touched, true);
  document.addEventListener("change", touched, true);
  document.addEventListener("submit", sent, true);
  document.addEventListener("click", pressed, true);
  core.onLeave((kind) => {
    if (kind === "hidden") return;
    for (const [form, { last, fields }] of begun)
      core.track("form_abandon", { ...describeForm(core, form), last_field: last, fields_touched: fields.size });
    begun.clear();
  });
}

function describeForm(core: Core, form: HTMLFormElement): Properties {
  const action = quietly(() => new URL(form.getAttribute("action") ?? "", location.href).pathname);
  return { form_id: form.getAttribute("id") || form.getAttribute("name"), form_destination: action && core.mask(action) };
}

function fieldName(field: Field): string | undefined {
  const name = field.name || field.id;
  if (field.type === "password" || SECRET.test(`${name} ${field.autocomplete}`) || /@|\d{4}/.test(name)) return undefined;
  return name.slice(0, 60) || undefined;
}
