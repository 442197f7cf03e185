import type { Api, Config, Core, LeaveListener, Navigation } from "../types/core.ts";
import type { Properties, SnippetEvent } from "../types/events.ts";
import { createId } from "../lib/createId.ts";
import { maskPath } from "./maskPath.ts";
import { browserNames } from "./eventNames.ts";
import { createConsent } from "./createConsent.ts";
import { createOutbox } from "./createOutbox.ts";
import { createPageView } from "./createPageView.ts";
import { createTransport } from "./createTransport.ts";
import { describePageView } from "./describePageView.ts";
import { fetchRecommendations } from "./fetchRecommendations.ts";
import { rememberSide } from "./holdout.ts";
import { loadChunk } from "./loadChunk.ts";
import { storeEvents, takeStoredEvents } from "./storeEvents.ts";

export interface RunningCore extends Core {
  /** A new view begins; the old one has ended. */
  turn: (navigation: Navigation) => void;
  leave: LeaveListener;
}

/** Wires consent, page view and outbox together. `api` answers the shop's side of things: its hook. */
export function createCore(config: Config, api: () => Api): RunningCore {
  const viewListeners: (() => void)[] = [];
  const leaveListeners: LeaveListener[] = [];
  const consent = createConsent(config.consent, saveConsent);
  let view = createPageView("load", config.options.routes);

  const outbox = createOutbox(
    {
      ...createTransport(`${config.prefix}/events`, consent.allowed),
      prepare,
      keep: (events) => {
        if (consent.allowed()) storeEvents(events);
      },
      online: () => navigator.onLine,
      later: (action, ms) => void setTimeout(action, ms),
    },
    consent.allowed() ? takeStoredEvents() : [],
  );

  function prepare(event: SnippetEvent): SnippetEvent | null {
    if (event.event === "page_view" && event.page_view_id === view.id) event.properties.page_title = document.title;
    const hook = api().beforeSend;
    if (!hook) return event;
    try {
      return hook(event) || null;
    } catch (error) {
      console.warn("opsplug: beforeSend failed, so the event was dropped", error);
      return null;
    }
  }

  function saveConsent(granted: boolean): Promise<boolean> {
    return fetch(`${config.prefix}/consent`, {
      method: "POST",
      body: JSON.stringify({ analytics: granted, personalization: granted }),
      headers: { "Content-Type": "application/json" },
      credentials: "same-origin",
      keepalive: true,
    }).then(
      (answer) => answer.ok,
      () => false,
    );
  }

  const core: RunningCore = {
    config,
    chunks: {},
    load: (name) => loadChunk(config, name).then(() => core.chunks[name], () => undefined),
    mask: maskPath,
    errors: [],
    view: () => view,
    onView: (listener) => void viewListeners.push(listener),
    onLeave: (listener) => void leaveListeners.push(listener),
    allowed: consent.allowed,
    decided: consent.decided,

    async recommendations(query) {
      const list = await fetchRecommendations(config.prefix, { language: config.language, ...query });
      rememberSide(list.holdout);
      return list;
    },

    track(name, properties: Properties = {}, options = {}) {
      if (!browserNames.has(name)) return console.warn(`opsplug: "${name}" is no event that a browser may send`);
      outbox.add(
        {
          event_id: options.id || createId(),
          event: name,
          timestamp: Date.now(),
          page_view_id: view.id,
          ...(view.route && { route: view.route }),
          path: view.path,
          properties,
        },
        options.urgent || document.visibilityState === "hidden",
      );
    },

    async consent(granted) {
      const saved = consent.decide(granted);
      if (!granted) {
        storeEvents([]);
        rememberSide();
      }
      await saved;
      void outbox.flush();
    },

    turn(navigation) {
      if (navigation !== "load") {
        if (navigation === "spa") core.leave("spa");
        view = createPageView(navigation, config.options.routes);
      }
      core.track("page_view", describePageView(view, consent.allowed()), navigation === "load" ? { id: view.id } : {});
      for (const listener of viewListeners) listener();
    },

    leave(kind) {
      for (const listener of leaveListeners) listener(kind);
      if (kind !== "spa") outbox.leave();
    },
  };
  return core;
}
