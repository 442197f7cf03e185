import type { Navigation } from "../types/core.ts";
import { currentPath } from "./currentPath.ts";

/**
 * Tells of each new address inside one document. A changed query counts only when it was pushed: a filter that replaces it
 * on each key press is still the same view.
 */
export function watchNavigation(changed: (navigation: Navigation) => void): void {
  let current = addressKey();

  function moved(replaced?: boolean): void {
    const next = addressKey();
    const same = next === current || (replaced && withoutQuery(next) === withoutQuery(current));
    current = next;
    if (!same) changed("spa");
  }

  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (this: History, ...values: Parameters<History["pushState"]>): void {
      original.apply(this, values);
      moved(name === "replaceState");
    };
  }
  addEventListener("popstate", () => moved());
  addEventListener("hashchange", () => moved());
  addEventListener("pageshow", (event) => {
    current = addressKey();
    if (event.persisted) changed("back_forward_cache");
  });
}

function addressKey(): string {
  return `${currentPath()}?${location.search}`;
}

function withoutQuery(key: string): string | undefined {
  return key.split("?")[0];
}
