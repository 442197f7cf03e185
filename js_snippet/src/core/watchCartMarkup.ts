import type { Properties } from "../types/events.ts";

const NAMES = ["add_to_cart", "remove_from_cart", "add_to_wishlist", "remove_from_wishlist"];

/** `data-opsplug-add-to-cart="sku"` on a button (its click counts) or a form (its submit counts). */
export function watchCartMarkup(found: (name: string, properties: Properties) => void): void {
  const listen = (event: Event): void => {
    for (const name of NAMES) {
      const attribute = `data-opsplug-${name.replaceAll("_", "-")}`;
      const marked = (event.target as Element | null)?.closest?.<HTMLElement>(`[${attribute}]`);
      if (!marked || marked.ariaDisabled === "true") continue;
      if ((marked.localName === "form") === (event.type === "submit"))
        found(name, readMarked(marked, marked.getAttribute(attribute)!));
    }
  };
  document.addEventListener("click", listen, true);
  document.addEventListener("submit", listen, true);
}

function readMarked(marked: HTMLElement, id: string): Properties {
  const data = marked.dataset;
  const price = toNumber(data.opsplugPrice);
  const quantity = toNumber(data.opsplugQuantity) ?? typedQuantity(marked) ?? 1;
  return {
    currency: data.opsplugCurrency,
    value: price && price * quantity,
    items: [{ item_id: id, item_name: data.opsplugName, item_category: data.opsplugCategory, price, quantity }],
  };
}

function typedQuantity(marked: HTMLElement): number | undefined {
  const form = marked.closest("form");
  return toNumber(form?.querySelector<HTMLInputElement>("[name=quantity],[name=qty]")?.value);
}

function toNumber(text: string | undefined): number | undefined {
  return text && Number.isFinite(+text) ? +text : undefined;
}
