import { quietly } from "../lib/quietly.ts";
import { type Product, readJsonLd } from "./readJsonLd.ts";
import { readMicrodata } from "./readMicrodata.ts";
import { readOpenGraph } from "./readOpenGraph.ts";

/** The one product that this page is about, if it is about one; a page of several is a list unless one of them has this address. */
export function readProduct(): (Product & { here: boolean }) | undefined {
  for (const read of [readJsonLd, readMicrodata, readOpenGraph]) {
    const products = read(document);
    const own = products.find(isHere);
    const product = own ?? (products.length === 1 ? products[0] : undefined);
    if (product) {
      product.item.item_id ||= decodeURI(location.pathname);
      return { ...product, here: own !== undefined };
    }
  }
  return undefined;
}

function isHere(product: Product): boolean {
  return !!product.url && quietly(() => new URL(product.url!, location.href).pathname) === location.pathname;
}
