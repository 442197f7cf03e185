import type { Core } from "../types/core.ts";
import type { Properties } from "../types/events.ts";
import { hashText } from "../lib/hashText.ts";
import { quietly } from "../lib/quietly.ts";

const MOST = 10;

/** Errors of the page's scripts: the kind, the place and a hash of the message without its numbers and quotations. */
export function reportErrors(core: Core): void {
  let told = new Set<string>();

  function report(event: ErrorEvent | PromiseRejectionEvent): void {
    const thrown = ("reason" in event ? event.reason : event.error) as unknown;
    const message = thrown instanceof Error ? thrown.message : String("message" in event ? event.message : thrown);
    if (message === "Script error." || told.size >= MOST) return;
    const file = "filename" in event ? event.filename : "";
    if (/-extension:/.test(file + (thrown as Error | undefined)?.stack)) return;
    const properties: Properties = {
      message_hash: hashText(message.replace(/(["'`]).*?\1|\d+/g, "_")),
      error_type: thrown instanceof Error ? thrown.name : undefined,
      source: quietly(() => core.mask(new URL(file).pathname)),
      line: "lineno" in event ? event.lineno || undefined : undefined,
      source_route: core.view().route ?? core.view().path,
    };
    const key = `${properties.message_hash} ${properties.line}`;
    if (told.has(key)) return;
    told.add(key);
    core.track("js_error", properties);
  }

  core.errors.forEach(report);
  addEventListener("error", report);
  addEventListener("unhandledrejection", report);
  core.onView(() => (told = new Set()));
}
