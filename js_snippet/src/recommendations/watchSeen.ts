const SEEN_MS = 1_000;

/**
 * Tells which cards were in view, at least half of each, for a whole second while at least half of the list was (or while the
 * list filled half of the screen). Each card once. A card that was never scrolled into view is never told.
 */
export function watchSeen(section: Element, cards: Iterable<Element>, seen: (cards: Element[]) => void): () => void {
  const since = new Map<Element, number>();
  let inView = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const half = entry.intersectionRatio >= 0.5;
        if (entry.target === section) {
          const fills = entry.intersectionRect.height >= (entry.rootBounds?.height ?? Infinity) / 2;
          if (!inView) for (const card of since.keys()) since.set(card, performance.now());
          inView = half || fills;
        } else if (!half) since.delete(entry.target);
        else if (!since.has(entry.target)) since.set(entry.target, performance.now());
      }
      wait();
    },
    { threshold: [0, 0.25, 0.5, 0.75, 1] },
  );

  function wait(): void {
    if (inView && since.size) timer ??= setTimeout(look, SEEN_MS / 4);
  }

  function look(): void {
    timer = undefined;
    const due = document.hidden || !inView ? [] : [...since.keys()].filter((card) => performance.now() - since.get(card)! >= SEEN_MS);
    for (const card of due) {
      since.delete(card);
      observer.unobserve(card);
    }
    if (due.length) seen(due);
    wait();
  }

  observer.observe(section);
  for (const card of cards) observer.observe(card);
  return () => {
    observer.disconnect();
    clearTimeout(timer);
  };
}
