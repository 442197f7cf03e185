const MOST_EVENTS = 100;
const MOST_BYTES = 30_000;
const MOST_EVENT_BYTES = 30_000;

/** Groups events into requests that the server takes; an event too large for any request is left out. */
export function splitBatches<T>(events: readonly T[]): T[][] {
  const batches: T[][] = [];
  let batch: T[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = new Blob([JSON.stringify(event)]).size + 1;
    if (size > MOST_EVENT_BYTES) continue;
    if (batch.length === MOST_EVENTS || bytes + size > MOST_BYTES) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    bytes += size;
  }
  if (batch.length) batches.push(batch);
  return batches;
}
