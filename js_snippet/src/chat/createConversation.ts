import { createId } from "../lib/createId.ts";
import type { Answer, Message, State } from "./types.ts";

export interface Conversation {
  messages: Message[];
  state: State;
  busy: boolean;
  trouble: boolean;
  /** What the server offers now: a form for an address, a rating, the conversation by mail. */
  offers: Pick<Answer, "contact" | "rate" | "transcript">;
  load: () => Promise<void>;
  send: (text: string) => void;
  retry: () => void;
  /** Asks for a person; who has said nothing yet says `words` first, so that there is a conversation to join. */
  human: (words: string) => Promise<void>;
  tell: (what: "feedback" | "csat", data: Record<string, unknown>) => void;
  /** Leaves an address, or asks for a letter to it; says whether it was taken. */
  give: (what: "contact" | "transcript", address: string) => Promise<boolean>;
  stop: () => void;
}

/** `call` answers the parsed body, throws a number (the status) when the server refuses and anything else when nothing answers. */
export type Call = (method: "GET" | "POST", path: string, data: Record<string, unknown>) => Promise<Answer>;

const LONGEST_RETRY_MS = 30_000;
const SOON_MS = 1_000;
const PAUSE_MS = 2_500;

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
  let turns = 0;

  function take(answer: Answer): void {
    const { contact, rate, transcript, state, conversation_id } = answer;
    // Another conversation, or none any more: somebody logged out or in. Nothing of the old one stays on the screen.
    if (id && conversation_id !== undefined && conversation_id !== id) self.messages = self.messages.filter((message) => message.delivery);
    if (conversation_id !== undefined) id = conversation_id;
    self.state = state ?? self.state;
    if (state) self.offers = { contact, rate, transcript };
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
    turns++;
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
        const asked = Date.now();
        const answer = await call("GET", "messages", { conversation_id: id, after, wait: 25, state: self.state });
        self.trouble = false;
        failures = 0;
        take(answer);
        // A server that cannot wait answers at once.
        if (!answer.messages?.length && Date.now() - asked < SOON_MS) await new Promise<void>((resolve) => later(resolve, PAUSE_MS));
      } catch (error) {
        if (failed(error)) {
          take({ conversation_id: null, state: "bot" });
          break;
        }
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
    offers: {},
    busy: false,
    trouble: false,
    async load() {
      stopped = false;
      const before = turns;
      try {
        const answer = await call("GET", "conversation", {});
        // What was asked before the visitor wrote knows nothing of it: ask again, when that has been answered.
        if (turns !== before) later(() => void self.load(), SOON_MS);
        else take(answer);
      } catch (error) {
        failed(error);
        changed();
      }
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
    async give(what, address) {
      try {
        take(await call("POST", what, { conversation_id: id ?? undefined, address }));
        return true;
      } catch (error) {
        failed(error);
        return false;
      }
    },
    stop() {
      stopped = true;
    },
  };
  return self;
}
