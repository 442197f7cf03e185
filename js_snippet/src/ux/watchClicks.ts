import type { Core } from "../types/core.ts";
import type { Properties } from "../types/events.ts";
import { type Click, createBursts, RAGE } from "./createBursts.ts";
import { describeClick } from "./describeClick.ts";
import { isInnocent } from "./isInnocent.ts";
import { looksClickable } from "./looksClickable.ts";
import { watchAnswers } from "./watchAnswers.ts";

const MOST_CLICKS = 200;
const PROMPT_MS = 300;
const DEAD_MS = 2_500;

interface TrackedClick extends Click {
  target: Element;
  properties: Properties;
  /** Anything at all happened since. */
  alive?: boolean;
}

/** Clicks, bursts of unanswered clicks, and clicks to which nothing happens. */
export function watchClicks(core: Core): void {
  let count = 0;
  let waiting: TrackedClick[] = [];
  let dead = new WeakSet<Element>();
  let down: MouseEvent | undefined;
  const bursts = createBursts<TrackedClick>((clicks) => {
    core.track("rage_click", { ...clicks[0]!.properties, ...RAGE, count: clicks.length });
  }, setTimeout.bind(window));

  const answers = watchAnswers((content) => {
    for (const click of waiting) {
      click.alive = true;
      if (content && performance.now() - click.at < PROMPT_MS) click.answered = true;
    }
  });

  function judge(click: TrackedClick): void {
    waiting = waiting.filter((other) => other !== click);
    if (!waiting.length) answers.end();
    if (click.alive || !looksClickable(click.target) || document.hidden || dead.has(click.target)) return;
    dead.add(click.target);
    core.track("dead_click", { ...click.properties, wait_ms: DEAD_MS });
  }

  function clicked(event: MouseEvent): void {
    const target = event.target as Element;
    if (!target.closest || target.closest("[data-opsplug-ignore],opsplug-chat,opsplug-consent") || ++count > MOST_CLICKS) return;
    const properties = describeClick(event, target);
    core.track("click", properties);
    const dragged = down && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) > 5;
    const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!event.detail || dragged || modified || isInnocent(target)) return;
    const click: TrackedClick = { at: performance.now(), x: event.clientX, y: event.clientY, target, properties };
    waiting.push(click);
    bursts.add(click);
    answers.begin();
    setTimeout(judge, DEAD_MS, click);
  }

  document.addEventListener("mousedown", (event) => (down = event), true);
  document.addEventListener("click", clicked, true);
  core.onLeave(() => {
    bursts.end();
    for (const click of waiting) click.alive = true;
    count = 0;
    dead = new WeakSet();
  });
}
