import type { Config, ConsentMode, Options } from "../types/core.ts";
import { quietly } from "../lib/quietly.ts";

/** Reads our own script tag. */
export function readConfig(script: HTMLScriptElement): Config {
  const data = script.dataset;
  const folder = new URL(".", script.src).href;
  return {
    prefix: (data.prefix || new URL(folder).pathname).replace(/\/$/, ""),
    folder,
    nonce: script.nonce,
    consent: (data.consent || "required") as ConsentMode,
    language: document.documentElement.lang || navigator.language || data.language!,
    texts: (data.texts || "").split(" "),
    serverEvents: (data.serverEvents || "").split(/[\s,]+/),
    options: quietly(() => JSON.parse(data.options || "{}") as Options) || {},
  };
}
