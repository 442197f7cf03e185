/** Runs something that the browser may forbid (storage, foreign hooks); the page must not notice. */
export function quietly<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
