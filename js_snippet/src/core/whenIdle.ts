/** After the page has loaded and has nothing better to do. */
export function whenIdle(action: () => void): void {
  const idle = (): void => {
    if ("requestIdleCallback" in window) requestIdleCallback(action, { timeout: 3_000 });
    else globalThis.setTimeout(action, 500);
  };
  if (document.readyState === "complete") idle();
  else addEventListener("load", idle);
}
