import type { RecommendationQuery, Recommendations } from "../types/core.ts";

/** Asks the server for a list; `prefix` is where it listens. */
export async function fetchRecommendations(prefix: string, query: RecommendationQuery): Promise<Recommendations> {
  const given = Object.entries(query).filter(([, value]) => value);
  const answer = await fetch(`${prefix}/recommendations?${new URLSearchParams(given as [string, string][])}`, {
    credentials: "same-origin",
  });
  if (!answer.ok) throw new Error(`opsplug: recommendations answered ${answer.status}`);
  return (await answer.json()) as Recommendations;
}
