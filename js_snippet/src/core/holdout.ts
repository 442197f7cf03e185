import { quietly } from "../lib/quietly.ts";

const KEY = "opsplug:holdout";

/** Each list that comes for this visitor says anew which side of the comparison they are on. */
export function rememberSide(heldOut?: boolean): void {
  quietly(() => (heldOut ? localStorage.setItem(KEY, "1") : localStorage.removeItem(KEY)));
}

/** The few visitors who are compared with see no list that was made for everybody: theirs replaces it. */
export function replaceServed(host: HTMLElement): HTMLElement {
  if (quietly(() => localStorage.getItem(KEY))) host.toggleAttribute("personal", true);
  return host;
}
