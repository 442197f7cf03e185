const NOISE_LOOK_MS = 5_000;
const ANSWERS =
  "input change submit invalid toggle play pause volumechange copy fullscreenchange dragstart popstate hashchange blur";

/** `content`: what people would call an answer; otherwise only a class or a style has changed. */
export type Answer = (content: boolean) => void;

/**
 * Tells of each sign that the page reacts: changed nodes, scrolling, media, selection, a dialog of the browser. What changes by
 * itself (a countdown, a clock) is learned in the first seconds and is no answer. The document is watched then, and between
 * `begin` and `end`; never all the time.
 */
export function watchAnswers(answer: Answer): { begin: () => void; end: () => void } {
  const changes = new WeakMap<Node, number[]>();
  let learning = true;
  let wanted = false;

  const restless = (node: Node): boolean => {
    const times = changes.get(node) ?? [];
    const now = performance.now();
    if (learning && !wanted && now - (times[times.length - 1] ?? 0) > 300) changes.set(node, [...times, now]);
    return times.length > 1;
  };

  const observer = new MutationObserver((records) => {
    const calm = records.filter((record) => !restless(record.target));
    if (calm.length) answer(calm.some((record) => record.attributeName !== "class"));
  });
  const options = { subtree: true, childList: true, attributes: true, characterData: true };
  const rest = (): void => {
    if (!learning && !wanted) observer.disconnect();
  };
  observer.observe(document, options);
  setTimeout(() => {
    learning = false;
    rest();
  }, NOISE_LOOK_MS);

  for (const name of ANSWERS.split(" ")) addEventListener(name, () => answer(true), true);
  addEventListener("scroll", () => answer(true), { capture: true, passive: true });
  document.addEventListener("selectionchange", () => {
    if (!getSelection()?.isCollapsed) answer(true);
  });
  return {
    begin() {
      wanted = true;
      observer.observe(document, options);
    },
    end() {
      wanted = false;
      rest();
    },
  };
}
