import { quietly } from "../lib/quietly.ts";

interface Priced {
  price?: number | null;
  currency?: string | null;
  price_text?: string;
}

/** The price as the server has written it; else as Intl does; of a currency that Intl does not know, the number. */
export function formatPrice({ price, currency, price_text: written }: Priced, language: string): string {
  if (written || typeof price !== "number") return written || "";
  const money = { style: "currency", currency: currency!, currencyDisplay: "narrowSymbol" } as const;
  return quietly(() => new Intl.NumberFormat(language, money).format(price)) || `${price}`;
}
