const BUTTON_INPUT = "[type=submit],[type=button],[type=reset],[type=image]";
const OWN_ANSWER =
  "textarea,select,option,label,summary,video,audio,canvas,iframe,object,embed,area,[contenteditable],[draggable=true]," +
  "[role=slider],[role=spinbutton],[role=textbox],[role=combobox],[role=option],[role=checkbox],[role=radio],[role=switch]," +
  "[role=grid],[role=application],[data-opsplug-ignore]";
const REPEATED =
  "[class*=qty],[class*=quantity],[class*=calendar],[class*=datepick],[class*=carousel],[class*=swiper],[class*=slider]," +
  "[class*=zoom],[aria-roledescription]";
const LEAVING = "a[target=_blank],a[download],a[href]:not([href^='/'],[href^='.'],[href^=http])";
const NAMED = /copy|clipboard|print|share|download|(in|de)cre(as|men)|复制|打印|分享|下载|增加|减少/i;
const SIGNS = /^[-+−–×‹›«»<>▲▼◀▶↑↓←→]$/;

/** Clicks that people repeat, or that show nothing on the page, without being annoyed. */
export function isInnocent(target: Element): boolean {
  const input = target.closest("input");
  if (input && !input.matches(BUTTON_INPUT)) return true;
  if (target.closest(`${OWN_ANSWER},${REPEATED},${LEAVING}`) || target.shadowRoot) return true;
  const actor = target.closest("a,button,[role=button]") ?? target;
  const text = (actor.textContent ?? "").trim();
  const names = [actor.id, actor.getAttribute("class"), actor.ariaLabel, actor.getAttribute("title"), text.slice(0, 30)];
  return SIGNS.test(text) || NAMED.test(names.join(" "));
}
