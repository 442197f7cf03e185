import type { BeforeSend, Properties } from "./events.ts";

export type ConsentMode = "required" | "not_required" | "counts_only";

export interface Options {
  routes?: string[];
  banner?: boolean;
  chat?: boolean;
  ux?: boolean;
  datalayer?: string;
  before_send?: string;
}

/** What the script tag says. */
export interface Config {
  prefix: string;
  folder: string;
  nonce: string;
  consent: ConsentMode;
  /** The page's, else the visitor's, else the shop's. */
  language: string;
  /** Languages of which the server has texts, and a hash of those. */
  texts: string[];
  serverEvents: string[];
  options: Options;
}

export type Navigation = "load" | "spa" | "back_forward_cache";

export interface PageView {
  id: string;
  path: string;
  route?: string;
  navigation: Navigation;
}

/** Called when the visitor leaves a view: the page is hidden, unloaded or replaced by an SPA route. */
export type LeaveListener = (kind: "hidden" | "unload" | "spa") => void;

export interface TrackOptions {
  id?: string;
  /** Send at once: the page may be gone in a moment. */
  urgent?: boolean;
}

/** Brings one element to life; the answer is its goodbye. */
export type Connect = (element: HTMLElement) => (() => void) | void;

/** What each chunk leaves here when it arrives. */
export interface Chunks {
  ux?: () => void;
  product?: (found: (properties: Properties) => void) => void;
  chat_button?: Connect;
  recommendations?: Connect;
  chat?: Connect;
  banner?: Connect;
}

/** What the core lends to the chunks; not for shops. */
export interface Core {
  config: Config;
  chunks: Chunks;
  /** Loads a chunk once; undefined when it does not arrive. */
  load: <K extends keyof Chunks>(name: K) => Promise<Chunks[K] | undefined>;
  /** Hides segments of a path that may name a person. */
  mask: (path: string) => string;
  errors: (ErrorEvent | PromiseRejectionEvent)[];
  view: () => PageView;
  track: (name: string, properties?: Properties, options?: TrackOptions) => void;
  onView: (listener: () => void) => void;
  onLeave: (listener: LeaveListener) => void;
  /** May this visitor be recognised: may we store and link? */
  allowed: () => boolean;
  /** True when the visitor has decided, or a privacy signal has decided for them. */
  decided: () => boolean;
  consent: (granted: boolean) => Promise<void>;
  recommendations: (query: RecommendationQuery) => Promise<Recommendations>;
}

export interface RecommendationQuery {
  placement?: string;
  item_id?: string | null;
  k?: number | string | null;
  language?: string;
  exclude?: string | null;
  cart?: string | null;
}

export interface RecommendedItem {
  item_id: string;
  reason_code?: string;
  reason?: string;
  item_name?: string;
  url?: string;
  image_url?: string;
  price?: number | null;
  currency?: string | null;
  /** The price as the server writes it, the same as on the page. */
  price_text?: string;
  item_category?: string;
}

export interface ListTexts {
  options: string;
  not_interested: string;
  removed: string;
}

export interface Recommendations {
  recommendation_id: string;
  rung?: string;
  model?: string;
  title?: string;
  /** The language of title, reasons and prices. */
  language?: string;
  /** What the widget itself says, in the language of the list. */
  texts?: ListTexts;
  /** The list is one to compare with: popular items only. */
  holdout?: boolean;
  items: RecommendedItem[];
}

/** `window.opsplug`. */
export interface Api {
  track: (name: string, properties?: Properties) => void;
  consent: (granted?: boolean) => boolean;
  push: (...calls: unknown[]) => void;
  recommendations: (query: RecommendationQuery) => Promise<Recommendations>;
  beforeSend?: BeforeSend | undefined;
  core: Core;
}

declare global {
  interface Window {
    opsplug?: Api;
  }
}
