/** Sends an answer without leaving the page. What was typed stays until the server has it; sent twice it counts once. */
export function sendAnswers(form: HTMLFormElement): void {
  const field = form.querySelector("textarea")!;
  const refused = form.querySelector<HTMLElement>("[data-refused]")!;
  const canned = form.querySelector<HTMLSelectElement>("[data-canned]");
  const button = form.querySelector("button")!;

  form.onsubmit = async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || button.disabled) return;
    button.disabled = true;
    try {
      const body = new URLSearchParams([...new FormData(form)] as [string, string][]);
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      const told = (answer.headers.get("Content-Type") ?? "").includes("json") ? await answer.json() : {};
      refused.textContent = answer.ok ? "" : told.refused || `${answer.status}`;
      if (answer.ok) {
        form.querySelector<HTMLInputElement>("[name=message_id]")!.value = told.message_id;
        if (field.value.trim() === text) field.value = "";
      }
    } catch {
      refused.textContent = document.querySelector<HTMLElement>("[data-inbox]")?.dataset.offline ?? "";
    }
    refused.hidden = !refused.textContent;
    button.disabled = false;
    field.focus();
  };
  field.onkeydown = (event) => {
    // While an input method composes, Enter chooses a word.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  };
  if (canned)
    canned.onchange = () => {
      if (canned.value) field.setRangeText(canned.value, field.selectionStart, field.selectionEnd, "end");
      canned.value = "";
      field.focus();
    };
}
