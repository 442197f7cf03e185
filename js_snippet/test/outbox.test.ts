import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutbox, type Outside } from "../src/core/createOutbox.ts";
import { splitBatches } from "../src/core/splitBatches.ts";
import { createId } from "../src/lib/createId.ts";
import type { SnippetEvent } from "../src/types/events.ts";

const event = (id: string): SnippetEvent => ({ event_id: id, event: "search", timestamp: 1, path: "/", properties: {} });

/** An outside world whose answers and clock the test decides. */
function world(answers: number[]) {
  const sent: string[][] = [];
  const kept: string[][] = [];
  const timers: [() => void, number][] = [];
  const outside: Outside = {
    deliver: async (events) => {
      sent.push(events.map((each) => each.event_id));
      return answers.shift() ?? 202;
    },
    beacon: (events) => {
      sent.push(events.map((each) => each.event_id));
      return (answers.shift() ?? 202) === 202;
    },
    prepare: (given) => (given.event_id === "dropped" ? null : given),
    keep: (events) => void kept.push(events.map((each) => each.event_id)),
    online: () => true,
    later: (action, ms) => void timers.push([action, ms]),
  };
  const tick = async (): Promise<void> => {
    timers.shift()?.[0]();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { outside, sent, kept, timers, tick };
}

test("events wait for each other and leave together", async () => {
  const { outside, sent, tick } = world([]);
  const outbox = createOutbox(outside, []);
  for (const id of ["a", "dropped", "b"]) outbox.add(event(id));
  assert.deepEqual(sent, []);
  await tick();
  assert.deepEqual(sent, [["a", "b"]]);
});

test("a failure is repeated with the same ids, later each time, and kept meanwhile", async () => {
  const { outside, sent, kept, timers, tick } = world([0, 503]);
  const outbox = createOutbox(outside, []);
  outbox.add(event("a"));
  await tick();
  assert.deepEqual(kept.at(-1), ["a"]);
  const first = timers[0]![1];
  await tick();
  assert.ok(timers[0]![1] > first * 0.5 && timers[0]![1] <= 6_000);
  await tick();
  assert.deepEqual(sent, [["a"], ["a"], ["a"]]);
  assert.deepEqual(kept.at(-1), []);
  assert.equal(timers.length, 0);
});

test("a refusal is final", async () => {
  const { outside, sent, timers, tick } = world([400]);
  createOutbox(outside, []).add(event("a"));
  await tick();
  assert.equal(sent.length, 1);
  assert.equal(timers.length, 0);
});

test("what the browser does not take when the page goes is kept", () => {
  const { outside, kept } = world([500]);
  const outbox = createOutbox(outside, [event("old")]);
  outbox.add(event("new"));
  outbox.leave();
  assert.deepEqual(kept.at(-1), ["old", "new"]);
});

test("batches keep to the server's limits and lose only what fits nowhere", () => {
  const events = [...Array(250)].map((_, index) => ({ index, text: "字".repeat(index === 7 ? 40_000 : 100) }));
  const batches = splitBatches(events);
  assert.equal(batches.flat().length, 249);
  for (const batch of batches) {
    assert.ok(batch.length <= 100);
    assert.ok(new Blob([JSON.stringify(batch)]).size < 32_000);
  }
});

test("ids are long and not alike", () => {
  const ids = new Set(Array.from({ length: 10_000 }, createId));
  assert.equal(ids.size, 10_000);
  assert.match([...ids][0]!, /^[A-Za-z0-9_-]{22}$/);
});
