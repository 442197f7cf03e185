import { type Metric, onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";
import type { Core } from "../types/core.ts";

/** Google's five numbers, each once per page as the library finds it final. */
export function reportVitals(core: Core): void {
  const report = ({ name, value, rating }: Metric): void =>
    core.track("web_vital", { name, value: Math.round(value * 1e4) / 1e4, rating });
  for (const watch of [onLCP, onINP, onCLS, onFCP, onTTFB]) watch(report);
}
