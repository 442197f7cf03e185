import { createId } from "../lib/createId.ts";
import type { Answer, Message, State } from "./types.ts";

export interface Conversation {
  messages: Message[];
  state: State;
  busy: boolean;
  trouble: boolean;
  load: () => Promise<void>;
  send: (text: string) => void;
  retry: () => void;
  /** Asks for a person; who has said nothing yet says `words` first, so that there is a conversation to join. */
  human: (words: string) => Promise<void>;
  tell: (what: "feedback" | "csat", data: Record<string, unknown>) => void;
  stop: () => void;
}

/** `call` answers the parsed body, throws a number (the status) when the server refuses and anything else when nothing answers. */
export type Call = (method: "GET" | "POST", path: string, data: Record<string, unknown>) => Promise<Answer>;

const LONGEST_RETRY_MS = 30_000;

/** One conversation: messages leave in order, each under an id of its own, so that a repeat is no second message. */
export function createConversation(
  call: Call,
  language: string,
  changed: () => void,
  later: (action: () => void, ms: number) => unknown,
): Conversation {
  let id: string | null | undefined;
  let polling = false;
  let stopped = false;
  let asked = false;
  let failures = 0;

  function take(answer: Answer): void {
    id = answer.conversation_id ?? id;
    self.state = answer.state ?? self.state;
    for (const message of answer.messages ?? []) {
      const known = self.messages.find((other) => other.id === message.id);
      if (known) Object.assign(known, message, { delivery: undefined });
      else self.messages.push(message);
    }
    changed();
    void poll();
  }

  function failed(error: unknown): boolean {
    const lasting = typeof error === "number" && error < 500 && error !== 408 && error !== 429;
    self.trouble = !lasting;
    return lasting;
  }

  async function deliver(): Promise<void> {
    const next = self.messages.find((message) => message.delivery && message.delivery !== "failed");
    if (self.busy || !next) return;
    self.busy = true;
    next.delivery = "sending";
    changed();
    try {
      const answer = await call("POST", "messages", { text: next.text, language, message_id: next.id, conversation_id: id ?? undefined });
      failures = 0;
      next.delivery = undefined;
      self.busy = self.trouble = false;
      take(answer);
      if (asked) await human("");
      void deliver();
    } catch (error) {
      self.busy = false;
      if (failed(error)) next.delivery = "failed";
      else {
        next.delivery = "waiting";
        later(() => void deliver(), pause());
      }
      changed();
    }
  }

  async function human(words: string): Promise<void> {
    asked = true;
    if (!id) return words ? self.send(words) : undefined;
    try {
      const answer = await call("POST", "human", { conversation_id: id ?? undefined, language });
      asked = false;
      self.trouble = false;
      take({ state: "waiting", ...answer });
    } catch (error) {
      if (!failed(error)) later(() => void (asked && human("")), pause());
      changed();
    }
  }

  /** Only while a person may write: the bot answers in the request itself. */
  async function poll(): Promise<void> {
    if (polling) return;
    polling = true;
    while (!stopped && id && (self.state === "waiting" || self.state === "human")) {
      const after = self.messages.filter((message) => !message.delivery).pop()?.id;
      try {
        const answer = await call("GET", "messages", { conversation_id: id, after, wait: 25 });
        self.trouble = false;
        failures = 0;
        take(answer);
      } catch (error) {
        if (failed(error)) break;
        changed();
        await new Promise<void>((resolve) => later(resolve, pause()));
      }
    }
    polling = false;
  }

  const pause = (): number => Math.min(LONGEST_RETRY_MS, 1_000 * 2 ** failures++);

  const self: Conversation = {
    messages: [],
    state: "bot",
    busy: false,
    trouble: false,
    async load() {
      stopped = false;
      await call("GET", "conversation", {}).then(take, (error) => {
        failed(error);
        changed();
      });
    },
    send(text) {
      self.messages.push({ id: createId(), role: "visitor", text, delivery: "waiting" });
      void deliver();
      changed();
    },
    retry() {
      for (const message of self.messages) if (message.delivery) message.delivery = "waiting";
      void deliver();
    },
    human,
    tell: (what, data) => void call("POST", what, { conversation_id: id ?? undefined, ...data }).catch(() => {}),
    stop() {
      stopped = true;
    },
  };
  return self;
}
