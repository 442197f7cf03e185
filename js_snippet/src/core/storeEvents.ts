import type { SnippetEvent } from "../types/events.ts";
import { createId } from "../lib/createId.ts";
import { quietly } from "../lib/quietly.ts";

const PREFIX = "opsplug:events:";
const MOST_KEPT = 200;
const LONGEST_KEPT_MS = 3 * 86_400_000;
// One place per page, so that two tabs never overwrite each other.
const place = PREFIX + createId();

/** Keeps events for the next page; an empty list clears the place. */
export function storeEvents(events: SnippetEvent[]): void {
  quietly(() => {
    if (events.length) localStorage.setItem(place, JSON.stringify(events.slice(-MOST_KEPT)));
    else localStorage.removeItem(place);
  });
}

/** Takes what earlier pages could not deliver. A tab that still lives may send the same again: the ids make that harmless. */
export function takeStoredEvents(): SnippetEvent[] {
  const oldest = Date.now() - LONGEST_KEPT_MS;
  const found: SnippetEvent[] = [];
  quietly(() => {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
      const text = localStorage.getItem(key);
      localStorage.removeItem(key);
      quietly(() => found.push(...(JSON.parse(text!) as SnippetEvent[])));
    }
  });
  return found.filter((event) => event?.timestamp > oldest);
}
