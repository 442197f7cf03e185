import type { Core } from "../types/core.ts";
import { chooseLanguage } from "./chooseLanguage.ts";

/** What a widget says and in which language: English is in its bundle, any other language comes from the server, once. */
export async function loadTexts<T>(core: Core, host: Element, part: string, english: T): Promise<readonly [words: T, language: string]> {
  const { prefix, texts, language: shop } = core.config;
  const visitor = navigator.languages ?? [navigator.language];
  const language = chooseLanguage([host.getAttribute("language") || "", document.documentElement.lang, ...visitor, shop], texts);
  if (!texts.includes(language)) return [english, "en"];
  try {
    // The last of `texts` is a hash of them all: the answer is kept for ever.
    const answer = await fetch(`${prefix}/texts?language=${language}&v=${texts.at(-1)}`);
    return [((await answer.json()) as Record<string, T>)[part] ?? english, language];
  } catch {
    return [english, "en"];
  }
}
