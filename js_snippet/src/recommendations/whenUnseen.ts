/** When a change of height moves nothing under the visitor's eyes: the element is out of view. */
export function whenUnseen(host: Element, action: () => void): void {
  new IntersectionObserver((entries, observer) => {
    if (entries.pop()!.isIntersecting) return;
    observer.disconnect();
    action();
  }).observe(host);
}
