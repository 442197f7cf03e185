import type { Core, PageView } from "../types/core.ts";
import { quietly } from "../lib/quietly.ts";

const QUICK_MS = 5_000;
const KEY = "opsplug:left";

interface Left {
  path: string;
  stayed: number;
}

/**
 * Who goes somewhere and comes back within seconds did not find what the link promised. The place that was left is remembered in
 * this tab, where storage is allowed; within one document it needs no storage.
 */
export function watchQuickBack(core: Core): void {
  let view: PageView = core.view();
  let began = performance.now();
  let steps: string[] = [view.path];

  function tell(left: Left): void {
    if (left.stayed < QUICK_MS && left.path !== core.view().path)
      core.track("quick_back", { from_path: left.path, duration_ms: Math.round(left.stayed) });
  }

  function returned(): void {
    const left = core.allowed() && quietly(() => JSON.parse(sessionStorage.getItem(KEY) || "null") as Left | null);
    if (left) tell(left);
  }

  core.onLeave((kind) => {
    if (kind === "unload" && core.allowed())
      quietly(() => sessionStorage.setItem(KEY, JSON.stringify({ path: view.path, stayed: performance.now() - began })));
  });
  core.onView(() => {
    const next = core.view();
    if (next.navigation === "back_forward_cache") returned();
    else if (steps[steps.length - 2] === next.path) {
      tell({ path: view.path, stayed: performance.now() - began });
      steps = steps.slice(0, -2);
    }
    steps = [...steps.slice(-20), next.path];
    view = next;
    began = performance.now();
  });
  const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  if (entry?.type === "back_forward") returned();
}
