/** Path segments that may name a person or open a door are replaced: addresses, long numbers, secrets. */
export function maskPath(path: string): string {
  return path.split("/").map(maskSegment).join("/");
}

function maskSegment(segment: string): string {
  const text = decode(segment);
  if (/\S@\S/.test(text)) return "[email]";
  if (/\d(?:[\s().+-]?\d){8}/.test(text)) return "[number]";
  if (/[A-Za-z0-9_-]{24}/.test(text) && /\d/.test(text) && /[A-Za-z]/.test(text) && !/[A-Za-z]{3,}-[A-Za-z]{2,}/.test(text))
    return "[token]";
  return segment;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
