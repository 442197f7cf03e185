export interface Click {
  at: number;
  x: number;
  y: number;
  /** The page's content changed right after this click. */
  answered?: boolean;
}

export const RAGE = { count: 3, radius_px: 30, window_ms: 1_000 };

/** Finds bursts: clicks that follow each other within the window and the radius, and to which the page gave no answer. */
export function createBursts<T extends Click>(
  found: (clicks: T[]) => void,
  later: (action: () => void, ms: number) => unknown,
): { add: (click: T) => void; end: () => void } {
  let burst: T[] = [];

  function end(): void {
    const unanswered = burst.filter((click) => !click.answered);
    burst = [];
    if (unanswered.length >= RAGE.count) found(unanswered);
  }

  function add(click: T): void {
    const last = burst[burst.length - 1];
    if (last && (click.at - last.at > RAGE.window_ms || Math.hypot(click.x - last.x, click.y - last.y) > RAGE.radius_px)) end();
    burst.push(click);
    later(() => {
      if (burst[burst.length - 1] === click) end();
    }, RAGE.window_ms);
  }

  return { add, end };
}
