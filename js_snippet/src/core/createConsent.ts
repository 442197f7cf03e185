import type { ConsentMode } from "../types/core.ts";
import { quietly } from "../lib/quietly.ts";

export interface Consent {
  /** May this visitor be recognised? */
  allowed: () => boolean;
  /** Is there nothing left to ask? */
  decided: () => boolean;
  /** Takes the visitor's word; it counts at once, and is forgotten here when the server keeps it in its cookie. */
  decide: (granted: boolean) => Promise<void>;
}

/**
 * Reads the server's readable cookie each time, so that a choice made in another tab counts here at once.
 * A privacy signal of the browser (GPC, DNT) is a no that nothing on the page can turn into a yes.
 */
export function createConsent(mode: ConsentMode, save: (granted: boolean) => Promise<boolean>): Consent {
  let spoken: boolean | undefined;
  const refused = mode === "counts_only" || privacySignal();
  const choice = (): boolean | undefined => spoken ?? readCookie();
  return {
    allowed: () => !refused && (choice() ?? mode === "not_required"),
    decided: () => refused || choice() !== undefined,
    decide: async (granted) => {
      spoken = granted;
      if (!(refused && granted) && (await save(granted)) && readCookie() === granted) spoken = undefined;
    },
  };
}

function readCookie(): boolean | undefined {
  const found = quietly(() => /(?:^|;\s*)opsplug_consent=([01])/.exec(document.cookie));
  return found ? found[1] === "1" : undefined;
}

function privacySignal(): boolean {
  const signals = navigator as Navigator & { globalPrivacyControl?: boolean; doNotTrack?: string | null };
  return signals.globalPrivacyControl === true || signals.doNotTrack === "1";
}
