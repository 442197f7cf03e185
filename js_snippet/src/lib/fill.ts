/** A text with a value in the place of its `{name}`. */
export function fill(text: string, value: string): string {
  return text.replace(/{.+}/, () => value);
}
