import type { Api } from "../types/core.ts";
import type { BeforeSend } from "../types/events.ts";
import { quietly } from "../lib/quietly.ts";

/** Puts the API where the page expects it and answers what the page asked before we came. */
export function publish(api: Api): void {
  const stub = window.opsplug as unknown as (unknown[] & { beforeSend?: BeforeSend }) | undefined;
  if (stub?.beforeSend) api.beforeSend = stub.beforeSend;
  window.opsplug = api;
  if (Array.isArray(stub)) api.push(...stub);
}

/** `push(["track", "search", {...}])`, `push(["beforeSend", hook])` or `push(function (opsplug) {...})`. */
export function createPush(api: () => Api): Api["push"] {
  return (...calls) => {
    for (const call of calls)
      quietly(() => {
        if (typeof call === "function") return void call(api());
        const [name, ...values] = call as [keyof Api, ...unknown[]];
        if (name === "beforeSend") api().beforeSend = values[0] as BeforeSend;
        else (api()[name] as (...values: unknown[]) => unknown)(...values);
      });
  };
}
