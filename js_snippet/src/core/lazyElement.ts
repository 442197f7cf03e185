import type { Connect } from "../types/core.ts";

/**
 * Defines a custom element whose behaviour comes later: `load` answers what to do with it. The browser itself says when one
 * appears, so nothing watches the document.
 */
export function lazyElement(tag: string, attributes: string[], load: () => Promise<Connect | undefined>): void {
  if (customElements.get(tag)) return;
  customElements.define(
    tag,
    class extends HTMLElement {
      static observedAttributes = attributes;
      #goodbye: (() => void) | void = undefined;
      #visit = 0;

      connectedCallback(): void {
        const visit = ++this.#visit;
        load().then(
          (connect) => {
            if (visit === this.#visit && this.isConnected) this.#goodbye = connect?.(this);
          },
          () => this.setAttribute("data-failed", ""),
        );
      }

      disconnectedCallback(): void {
        this.#visit++;
        this.#goodbye?.();
        this.#goodbye = undefined;
      }

      attributeChangedCallback(_name: string, before: string | null, now: string | null): void {
        if (before === now || !this.isConnected || before === null) return;
        this.disconnectedCallback();
        this.connectedCallback();
      }
    },
  );
}
