const COMMERCE =
  "view_item view_item_list select_item add_to_wishlist remove_from_wishlist add_to_cart remove_from_cart view_cart " +
  "begin_checkout add_shipping_info add_payment_info search view_search_results view_promotion select_promotion share";
const OWN =
  "page_view page_leave item_feedback click rage_click dead_click quick_back scroll form_start form_submit form_abandon " +
  "web_vital js_error chat_open chat_feedback chat_csat";

/** Names that a data layer may speak for the shop. */
export const commerceNames: ReadonlySet<unknown> = new Set(COMMERCE.split(" "));

/** Everything that the server believes from a browser. */
export const browserNames: ReadonlySet<unknown> = new Set(`${COMMERCE} ${OWN}`.split(" "));
