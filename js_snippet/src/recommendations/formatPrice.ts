import { quietly } from "../lib/quietly.ts";

/** A price as this language writes it; a currency that Intl does not know is written behind the number. */
export function formatPrice(price: number | null | undefined, currency: string | null | undefined, language: string): string {
  if (typeof price !== "number") return "";
  const money = { style: "currency", currency: currency!, currencyDisplay: "narrowSymbol" } as const;
  return (
    quietly(() => new Intl.NumberFormat(language, money).format(price)) ?? `${price.toFixed(2)} ${currency || ""}`.trim()
  );
}
