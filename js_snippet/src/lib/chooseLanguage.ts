/** The first of the wanted tags that is known, from the narrowest (zh-CN) to the widest (zh); English is always known. */
export function chooseLanguage(wanted: readonly string[], known: readonly string[]): string {
  for (let tag of wanted)
    for (; tag; tag = tag.replace(/(^|[-_])[^-_]*$/, "")) {
      const found = known.find((one) => one.toLowerCase() === tag.replace(/_/g, "-").toLowerCase());
      if (found || /^en$/i.test(tag)) return found || "en";
    }
  return "en";
}
