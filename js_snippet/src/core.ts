/** The part that each page loads: page views, structured data, cart, consent, transport. Everything else comes when needed. */
import type { Api, Connect, Core } from "./types/core.ts";
import type { BeforeSend, Properties } from "./types/events.ts";
import { createCore, type RunningCore } from "./core/createCore.ts";
import { createOnce } from "./core/createOnce.ts";
import { replaceServed } from "./core/holdout.ts";
import { lazyElement } from "./core/lazyElement.ts";
import { createPush, publish } from "./core/publish.ts";
import { readConfig } from "./core/readConfig.ts";
import { readDataLayer } from "./core/readDataLayer.ts";
import { watchCartMarkup } from "./core/watchCartMarkup.ts";
import { watchDataLayer } from "./core/watchDataLayer.ts";
import { watchNavigation } from "./core/watchNavigation.ts";
import { whenIdle } from "./core/whenIdle.ts";
import { whenParsed } from "./core/whenParsed.ts";

const DESCRIBED = 'script[type="application/ld+json"],[itemtype$="/Product"],meta[property="og:type"]';
const WIDGET_ATTRIBUTES = ["placement", "item-id", "k", "language", "exclude", "heading"];

function start(script: HTMLScriptElement): void {
  const core = createCore(readConfig(script), () => api);
  const api: Api = {
    core,
    track: (name, properties) => core.track(name, properties),
    consent: (granted) => {
      if (granted !== undefined) void core.consent(granted);
      return core.allowed();
    },
    push: createPush(() => api),
    recommendations: core.recommendations,
    beforeSend: (window as unknown as Record<string, BeforeSend | undefined>)[core.config.options.before_send ?? ""],
  };
  publish(api);
  watchErrors(core);
  watchViews(core);
  watchShop(core);
  defineElements(core);
  whenIdle(() => {
    if (core.config.options.ux !== false) void core.load("ux").then((watch) => watch?.());
  });
}

/** Errors of the first seconds wait here for the chunk that reports them. */
function watchErrors(core: Core): void {
  const keep = (event: ErrorEvent | PromiseRejectionEvent): void => void (core.errors.length < 20 && core.errors.push(event));
  addEventListener("error", keep);
  addEventListener("unhandledrejection", keep);
}

function watchViews(core: RunningCore): void {
  watchNavigation(core.turn);
  // On the window, so that whoever listens on the document has had its say before everything leaves.
  addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") core.leave("hidden");
  });
  addEventListener("pagehide", () => core.leave("unload"));
  core.turn("load");
}

function watchShop(core: Core): void {
  const once = createOnce(Date.now);
  core.onView(once.reset);
  const tell = (source: string, name: string, properties: Properties): void => {
    const known = source !== "markup" && core.config.serverEvents.includes(name);
    if (!known && once.first(source, name, properties)) core.track(name, properties, { urgent: source === "markup" });
  };
  watchCartMarkup((name, properties) => tell("markup", name, properties));
  watchDataLayer(core.config.options.datalayer || "dataLayer", (entry) => {
    const event = readDataLayer(entry);
    if (event) tell("datalayer", event.name, event.properties);
  });
  let asked = core.config.serverEvents.includes("view_item");
  const ask = (): void => {
    if (asked) return;
    asked = true;
    void core.load("product").then((watch) => watch?.((properties) => tell("page", "view_item", properties)));
  };
  const askIfDescribed = (): void => void (document.querySelector(DESCRIBED) && ask());
  whenParsed(askIfDescribed);
  whenIdle(askIfDescribed);
  core.onView(ask);
}

function defineElements(core: Core): void {
  const load = (name: "banner" | "chat_button") => (): Promise<Connect | undefined> => core.load(name);
  lazyElement("opsplug-recommendations", WIDGET_ATTRIBUTES, () =>
    core.load("recommendations").then((connect) => connect && ((host) => connect(replaceServed(host)))),
  );
  lazyElement("opsplug-consent", [], load("banner"));
  lazyElement("opsplug-chat", ["language"], load("chat_button"));
  whenParsed(() => {
    const { banner, chat } = core.config.options;
    for (const [wanted, tag] of [[banner && !core.decided(), "opsplug-consent"], [chat, "opsplug-chat"]] as const)
      if (wanted && !document.querySelector(tag)) document.body.append(document.createElement(tag));
  });
}

const script =
  (document.currentScript as HTMLScriptElement | null) ?? document.querySelector<HTMLScriptElement>("script[data-opsplug]");
if (script && !window.opsplug?.core) {
  if ((document as Document & { prerendering?: boolean }).prerendering)
    document.addEventListener("prerenderingchange", () => start(script), { once: true });
  else start(script);
}
