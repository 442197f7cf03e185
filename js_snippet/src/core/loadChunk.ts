import type { Config } from "../types/core.ts";

const loading: Record<string, Promise<void>> = {};

/** Adds the chunk's script once, with our own nonce; a failed load may be tried again. */
export function loadChunk(config: Config, name: string): Promise<void> {
  return (loading[name] ??= new Promise<void>((resolve, reject) => {
    const file = CHUNKS[name]!;
    const script = document.createElement("script");
    script.nonce = config.nonce;
    script.src = config.folder + file;
    script.onload = () => resolve();
    script.onerror = () => {
      delete loading[name];
      script.remove();
      reject(new Error(`opsplug: ${file} did not load`));
    };
    document.head.append(script);
  }));
}
