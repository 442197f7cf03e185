import type { Core } from "../types/core.ts";
import type { Properties } from "../types/events.ts";
import { readProduct } from "./readProduct.ts";

const LOOKS_MS = [0, 300, 1_000, 2_500];

/**
 * Finds the product of each view. After an SPA navigation the old page's data may stand in the document for a while, so there
 * the product must be another one than before, or say that it belongs to this address.
 */
export function watchProduct(core: Core, found: (properties: Properties) => void): void {
  let before = "";

  function look(attempt: number): void {
    const view = core.view();
    setTimeout(() => {
      if (view !== core.view()) return;
      const product = readProduct();
      if (product && (product.here || product.item.item_id !== before)) {
        before = product.item.item_id;
        found({ currency: product.currency, value: product.item.price, items: [product.item] });
      } else if (attempt < LOOKS_MS.length - 1) look(attempt + 1);
    }, LOOKS_MS[attempt]);
  }

  core.onView(() => look(0));
  look(0);
}
