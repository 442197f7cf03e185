import type { SnippetEvent } from "../types/events.ts";
import { splitBatches } from "./splitBatches.ts";

const WAIT_MS = 1_000;
const FULL = 20;
const MOST_WAITING = 1_000;
const LONGEST_RETRY_MS = 300_000;

export interface Outside {
  /** Sends and answers the HTTP status, 0 when nothing answered. */
  deliver: (events: SnippetEvent[]) => Promise<number>;
  /** Hands over to the browser while the page goes away; false when the browser will not take it. */
  beacon: (events: SnippetEvent[]) => boolean;
  /** Applied once to each event before it first leaves; null drops it. */
  prepare: (event: SnippetEvent) => SnippetEvent | null;
  /** Keeps undelivered events for the next page, where the visitor allowed it. */
  keep: (events: SnippetEvent[]) => void;
  online: () => boolean;
  later: (action: () => void, ms: number) => void;
}

export interface Outbox {
  add: (event: SnippetEvent, urgent?: boolean) => void;
  flush: () => Promise<void>;
  /** The page may not come back: everything leaves now, by beacon. */
  leave: () => void;
}

/** Batches, retries and survives being offline. A repeat carries the same event ids, so the server counts it once. */
export function createOutbox(outside: Outside, left: SnippetEvent[]): Outbox {
  let fresh: SnippetEvent[] = [];
  let undelivered = left;
  let busy = false;
  let scheduled = false;
  let failures = 0;

  function take(): SnippetEvent[] {
    const ready = fresh.map(outside.prepare).filter((event) => event !== null);
    const all = undelivered.concat(ready);
    fresh = [];
    undelivered = [];
    return all;
  }

  function schedule(ms: number): void {
    if (scheduled) return;
    scheduled = true;
    outside.later(() => {
      scheduled = false;
      void flush();
    }, ms);
  }

  function retry(events: SnippetEvent[]): void {
    undelivered = events.slice(-MOST_WAITING);
    outside.keep(undelivered);
    schedule(Math.min(LONGEST_RETRY_MS, 2_000 * 2 ** failures++) * (0.5 + Math.random()));
  }

  async function flush(): Promise<void> {
    if (busy) return;
    busy = true;
    const batches = splitBatches(take());
    while (batches[0]) {
      const status = outside.online() ? await outside.deliver(batches[0]) : 0;
      if (status === 0 || status === 408 || status === 429 || status >= 500) {
        retry(batches.flat());
        break;
      }
      batches.shift();
      if (failures) outside.keep(batches.flat());
      failures = 0;
    }
    busy = false;
    if (fresh.length) schedule(WAIT_MS);
  }

  function leave(): void {
    undelivered = splitBatches(take())
      .filter((batch) => !outside.online() || !outside.beacon(batch))
      .flat();
    outside.keep(undelivered);
    if (undelivered.length) schedule(WAIT_MS);
  }

  function add(event: SnippetEvent, urgent?: boolean): void {
    if (fresh.length < MOST_WAITING) fresh.push(event);
    if (urgent) leave();
    else if (fresh.length >= FULL && !failures) void flush();
    else schedule(WAIT_MS);
  }

  if (left.length) schedule(WAIT_MS);
  return { add, flush, leave };
}
