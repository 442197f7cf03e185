import type { chat } from "../../../opsplug/locales/en/snippet.json";

export type Texts = typeof chat;

export interface Message {
  id: string;
  role: "visitor" | "assistant" | "agent" | "system";
  name?: string;
  text: string;
  sources?: { title?: string; url?: string }[];
  items?: { item_id: string; item_name?: string; url?: string; price?: number | null; currency?: string | null; price_text?: string }[];
  at?: number | string;
  /** Of our own messages only: how far it has come. */
  delivery?: "sending" | "waiting" | "failed";
}

export type State = "bot" | "waiting" | "human" | "closed";

export interface Answer {
  conversation_id?: string | null;
  messages?: Message[];
  state?: State;
  /** Nobody is free: an address is asked for. */
  contact?: boolean;
  /** The conversation is over and was not rated yet. */
  rate?: boolean;
  /** The shop sends conversations by mail. */
  transcript?: boolean;
}
