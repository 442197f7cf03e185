export function whenParsed(action: () => void): void {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", action);
  else action();
}
