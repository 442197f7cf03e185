import type { Item } from "../types/events.ts";
import { quietly } from "../lib/quietly.ts";

export interface Product {
  item: Item;
  currency?: string;
  url?: string;
}

type Json = Record<string, unknown>;

/** Products that the page's JSON-LD describes for themselves, not as entries of a list. */
export function readJsonLd(root: ParentNode): Product[] {
  const products: Product[] = [];
  for (const script of root.querySelectorAll('script[type="application/ld+json"]'))
    quietly(() => visit(JSON.parse(script.textContent || ""), products));
  return products;
}

function visit(node: unknown, products: Product[]): void {
  if (Array.isArray(node)) for (const part of node) visit(part, products);
  else if (node && typeof node === "object") {
    const fields = node as Json;
    if (/(^|,|\/)Product(Group)?(,|$)/.test(String(fields["@type"]))) products.push(toProduct(fields));
    else visit([fields["@graph"], fields.mainEntity], products);
  }
}

function toProduct(fields: Json): Product {
  const offer = first(fields.offers) as Json | undefined;
  const price = first(offer?.price ?? offer?.lowPrice ?? (first(offer?.priceSpecification) as Json | undefined)?.price);
  return {
    item: {
      item_id: text(fields.sku ?? fields.productID ?? fields.mpn ?? fields.productGroupID) ?? "",
      item_name: text(fields.name),
      item_brand: text((fields.brand as Json | undefined)?.name ?? fields.brand),
      item_category: text(fields.category),
      price: price === undefined || !Number.isFinite(+(price as string)) ? undefined : +(price as string),
    },
    currency: text(offer?.priceCurrency),
    url: text(fields.url ?? fields["@id"] ?? offer?.url),
  };
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

function text(value: unknown): string | undefined {
  const one = first(value);
  return typeof one === "string" || typeof one === "number" ? String(one).trim().slice(0, 300) || undefined : undefined;
}
