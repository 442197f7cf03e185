/** The path without its query. `#/cart` and `#!/cart` are routes and belong to it; `#reviews` is a place on the page. */
export function currentPath(): string {
  const hash = /^#!?(\/[^?]*)/.exec(location.hash);
  return hash ? location.pathname.replace(/\/$/, "") + hash[1] : location.pathname;
}
