import type { Product } from "./readJsonLd.ts";

const SCOPE = '[itemscope][itemtype$="schema.org/Product"]';

/** Products in microdata; a product inside another one is an accessory and is left out. */
export function readMicrodata(root: ParentNode): Product[] {
  return [...root.querySelectorAll(SCOPE)].filter((scope) => !scope.parentElement?.closest("[itemscope]")).map(toProduct);
}

function toProduct(scope: Element): Product {
  const read = (name: string): string | undefined => {
    const found = [...scope.querySelectorAll(`[itemprop~="${name}"]`)].find(
      (element) => element.parentElement?.closest(SCOPE) === scope,
    );
    const value = found?.getAttribute("content") ?? found?.getAttribute("href") ?? found?.textContent;
    return value?.trim().slice(0, 300) || undefined;
  };
  const price = Number(read("price") ?? read("lowPrice") ?? NaN);
  return {
    item: {
      item_id: read("sku") ?? read("productID") ?? read("mpn") ?? "",
      item_name: read("name"),
      item_brand: read("brand"),
      item_category: read("category"),
      price: Number.isFinite(price) ? price : undefined,
    },
    currency: read("priceCurrency"),
    url: read("url"),
  };
}
