import { quietly } from "../lib/quietly.ts";

/** Reads what the page's data layer already holds and what it will be given; the layer itself works on as before. */
export function watchDataLayer(name: string, read: (entry: unknown) => void): void {
  const watch = (): boolean => {
    const layer = (window as unknown as Record<string, unknown>)[name];
    if (!Array.isArray(layer)) return false;
    const push = layer.push;
    layer.push = function (...entries: unknown[]): number {
      for (const entry of entries) quietly(() => read(entry));
      return push.apply(layer, entries);
    };
    for (const entry of layer.slice()) quietly(() => read(entry));
    return true;
  };
  if (!watch()) addEventListener("load", watch);
}
