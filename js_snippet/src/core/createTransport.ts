import type { SnippetEvent } from "../types/events.ts";

const TYPE = "text/plain;charset=UTF-8";

export interface Transport {
  deliver: (events: SnippetEvent[]) => Promise<number>;
  beacon: (events: SnippetEvent[]) => boolean;
}

/**
 * Both ways to the server. Without consent nothing links two events: the page view's id stays here, but for the first
 * page_view, whose own id it is and by which the server knows that it has counted it.
 */
export function createTransport(url: string, allowed: () => boolean): Transport {
  const body = (events: SnippetEvent[]): string => {
    const linked = allowed();
    return JSON.stringify({
      schema: "opsplug/1",
      sent_at: Date.now(),
      events: linked
        ? events
        : events.map((event) => ({ ...event, page_view_id: event.page_view_id === event.event_id ? event.event_id : undefined })),
    });
  };
  const deliver = (events: SnippetEvent[]): Promise<number> =>
    fetch(url, {
      method: "POST",
      body: body(events),
      headers: { "Content-Type": TYPE },
      credentials: "same-origin",
      keepalive: true,
    })
      // The browser allows 64 KB of keepalive in flight; only a finished answer frees its share.
      .then((answer) => answer.text().then(() => answer.status))
      .catch(() => 0);
  const beacon = (events: SnippetEvent[]): boolean => {
    if (navigator.sendBeacon?.(url, new Blob([body(events)], { type: TYPE }))) return true;
    void deliver(events);
    return false;
  };
  return { deliver, beacon };
}
