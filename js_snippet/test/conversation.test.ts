import assert from "node:assert/strict";
import { test } from "node:test";
import { type Call, createConversation } from "../src/chat/createConversation.ts";
import type { Answer } from "../src/chat/types.ts";

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

function talk(answer: (method: string, path: string, data: Record<string, unknown>) => Answer) {
  const calls: string[] = [];
  const timers: (() => void)[] = [];
  const call: Call = async (method, path, data) => {
    calls.push(`${path} ${(data.text as string | undefined) ?? ""}`.trim());
    return answer(method, path, data);
  };
  return { calls, timers, conversation: createConversation(call, "en", () => {}, (action) => timers.push(action)) };
}

test("messages leave in order, one at a time, each once", async () => {
  const { conversation, calls } = talk((_, __, data) => ({
    conversation_id: "c",
    messages: [{ id: data.message_id as string, role: "visitor", text: data.text as string }],
  }));
  for (const text of ["one", "two", "three"]) conversation.send(text);
  await settle();
  assert.deepEqual(calls, ["messages one", "messages two", "messages three"]);
  assert.deepEqual(conversation.messages.map((message) => message.text), ["one", "two", "three"]);
  assert.ok(conversation.messages.every((message) => !message.delivery));
});

test("what did not arrive waits and goes again; what was refused waits for the visitor", async () => {
  let status = 503;
  const { conversation, calls, timers } = talk(() => {
    if (status !== 200) throw status;
    return { conversation_id: "c", messages: [] };
  });
  conversation.send("one");
  await settle();
  assert.equal(conversation.messages[0]!.delivery, "waiting");
  assert.equal(conversation.trouble, true);
  status = 422;
  timers.shift()!();
  await settle();
  assert.equal(conversation.messages[0]!.delivery, "failed");
  status = 200;
  conversation.retry();
  await settle();
  assert.equal(conversation.messages[0]!.delivery, undefined);
  assert.equal(calls.length, 3);
});

test("an agent's words are polled for until the conversation closes, and shown once", async () => {
  const script: Answer[] = [
    { state: "human", messages: [{ id: "g1", role: "agent", text: "Hello" }] },
    { state: "human", messages: [{ id: "g1", role: "agent", text: "Hello" }] },
    { state: "closed", messages: [] },
  ];
  const { conversation, calls } = talk((_, path) => {
    if (path === "human") return { conversation_id: "c", state: "waiting", messages: [] };
    if (path === "messages" && !calls.includes("human")) return { conversation_id: "c", state: "bot", messages: [] };
    return script.shift()!;
  });
  await conversation.human("Talk to a person");
  await settle();
  assert.equal(conversation.state, "closed");
  assert.deepEqual(conversation.messages.map((message) => message.text), ["Talk to a person", "Hello"]);
  assert.deepEqual(calls, ["messages Talk to a person", "human", "messages", "messages", "messages"]);
});
