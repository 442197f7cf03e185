/** Does it promise to do something? A click on plain text promises nothing. */
export function looksClickable(target: Element): boolean {
  return !!target.closest("a,button,input,img,[role=button],[role=link],[onclick]") || getComputedStyle(target).cursor === "pointer";
}
