import type { Core } from "../types/core.ts";

const STEPS = [50, 90];

/** How far and how long a view is read: `scroll` at half and at nine tenths, `page_leave` with the visible time since the last one. */
export function watchReading(core: Core): void {
  let deepest = 0;
  let told = 0;
  let since = performance.now();
  // biome-ignore lint/correctness/noUnusedVariables: `??=` reads it
  let timer: ReturnType<typeof setTimeout> | undefined;

  function measure(): void {
    timer = undefined;
    const height = document.documentElement.scrollHeight;
    deepest = Math.max(deepest, Math.min(100, Math.round(((scrollY + innerHeight) / height) * 100)));
  }

  function scrolled(): void {
    timer ??= setTimeout(() => {
      measure();
      const reached = STEPS.filter((step) => step > told && step <= deepest);
      for (const percent of reached) core.track("scroll", { percent: (told = percent) });
    }, 200);
  }

  function left(): void {
    const visible = Math.round(performance.now() - since);
    since = Infinity;
    if (visible > 0 && Number.isFinite(visible)) core.track("page_leave", { duration_ms: visible, max_scroll: deepest });
  }

  function begin(): void {
    deepest = told = 0;
    since = performance.now();
    setTimeout(measure, 500);
  }

  addEventListener("scroll", scrolled, { passive: true });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) since = performance.now();
  });
  core.onLeave(left);
  core.onView(begin);
  measure();
}
