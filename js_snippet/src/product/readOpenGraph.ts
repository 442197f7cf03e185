import type { Product } from "./readJsonLd.ts";

/** The product that the page's OpenGraph tags say it is. */
export function readOpenGraph(root: ParentNode): Product[] {
  const read = (name: string): string | undefined =>
    root.querySelector(`meta[property="${name}"]`)?.getAttribute("content")?.trim() || undefined;
  if (!/^(og:)?product/.test(read("og:type") ?? "")) return [];
  const price = Number(read("product:price:amount") ?? read("og:price:amount") ?? NaN);
  return [
    {
      item: {
        item_id: read("product:retailer_item_id") ?? "",
        item_name: read("og:title"),
        item_brand: read("product:brand"),
        item_category: read("product:category"),
        price: Number.isFinite(price) ? price : undefined,
      },
      currency: read("product:price:currency") ?? read("og:price:currency"),
      url: read("og:url"),
    },
  ];
}
