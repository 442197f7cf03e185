import type { Navigation, PageView } from "../types/core.ts";
import { createId } from "../lib/createId.ts";
import { maskPath } from "./maskPath.ts";
import { matchRoute } from "../lib/matchRoute.ts";
import { currentPath } from "./currentPath.ts";

/** The view that begins now. The first one takes the id under which the server has already counted it. */
export function createPageView(navigation: Navigation, routes: string[] = []): PageView {
  const path = currentPath();
  const route = matchRoute(routes, path);
  return {
    id: (navigation === "load" && servedId()) || createId(),
    path: maskPath(path),
    ...(route && { route }),
    navigation,
  };
}

function servedId(): string | undefined {
  const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return entry?.serverTiming?.find((timing) => timing.name === "opsplug")?.description;
}
