export type Properties = Record<string, unknown>;

/** One item in GA4's words. */
export interface Item extends Properties {
  item_id: string;
  item_name?: string;
  item_brand?: string;
  item_category?: string;
  item_group_id?: string;
  price?: number;
  quantity?: number;
  index?: number;
}

/** One event as it travels; `timestamp` is in epoch milliseconds of this browser's clock. */
export interface SnippetEvent {
  event_id: string;
  event: string;
  timestamp: number;
  path: string;
  route?: string;
  page_view_id?: string;
  properties: Properties;
}

/** The shop's last word on an event: change it, or return null to keep it from leaving. */
export type BeforeSend = (event: SnippetEvent) => SnippetEvent | null;
