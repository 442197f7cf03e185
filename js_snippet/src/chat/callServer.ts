import type { Call } from "./createConversation.ts";

/** Speaks with the shop's own server; throws the status of a refusal. */
export function callServer(prefix: string): Call {
  return async (method, path, data) => {
    const asked = method === "GET";
    const given = Object.entries(data).filter(([, value]) => value !== undefined);
    const query = asked && given.length ? `?${new URLSearchParams(given as [string, string][])}` : "";
    const answer = await fetch(`${prefix}/chat/${path}${query}`, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      ...(!asked && { body: JSON.stringify(data), headers: { "Content-Type": "application/json" } }),
    });
    if (!answer.ok) throw answer.status;
    return answer.status === 204 ? {} : await answer.json();
  };
}
