import type { PageView } from "../types/core.ts";
import type { Properties } from "../types/events.ts";

/** What a page_view says of itself; what could tell two visitors apart is said only where that is allowed. */
export function describePageView(view: PageView, allowed: boolean): Properties {
  const common = { navigation: view.navigation, page_title: document.title, referrer_host: referrerHost() };
  if (!allowed) return common;
  return {
    ...common,
    viewport: [innerWidth, innerHeight],
    locale: navigator.language,
    tz_offset_min: -new Date().getTimezoneOffset(),
  };
}

function referrerHost(): string | undefined {
  return /^https?:\/\/([^/?#]+)/.exec(document.referrer)?.[1];
}
