/** The address if a link may carry it (http, https, or relative to this page), else undefined. */
export function safeUrl(address: unknown): string | undefined {
  if (typeof address !== "string" || !address) return undefined;
  try {
    const url = new URL(address, location.href);
    return /^https?:$/.test(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}
