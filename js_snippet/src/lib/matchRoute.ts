/** The first template that fits: `/product/<id>`, `/product/{id}`, `/product/:id`, `/files/<path:rest>`, `/blog/*`. */
export function matchRoute(templates: readonly string[], path: string): string | undefined {
  const segments = path.split("/");
  return templates.find((template) => fits(template.split("/"), segments));
}

function fits(template: string[], segments: string[]): boolean {
  const last = template[template.length - 1] ?? "";
  const rest = last === "*" || /^[<{](path:.+|.+:path)[>}]$/.test(last);
  if (rest ? segments.length < template.length : segments.length !== template.length) return false;
  return template.every((part, index) => {
    if (part === segments[index]) return true;
    return segments[index] !== "" && /^([<{].+[>}]|:.+|\*)$/.test(part);
  });
}
