"""The UX signals in a real browser: what is felt, and what must not be mistaken for annoyance."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.beacon_server import BeaconServer, Page, inline_script
from tests.support.browser import StillTime, follow
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser
PAGES = Path(__file__).parent / "pages"
POINTER_CSS = ".pointer { cursor: pointer }"
BAD = ("rage_click", "dead_click")


def open_page(
    shop: BeaconServer, page: Any, body: str, path: str = "/", time: StillTime | None = None, **options: Any
) -> None:
    shop.pages[path] = Page(body=body, **options)
    shop.pages.setdefault("/next", Page(body="next"))
    page.goto(path)
    wait_until_watching(page, time)


def wait_until_watching(page: Any, time: StillTime | None = None) -> None:
    (time.wait_for if time else wait_for)(lambda: page.evaluate("!!window.opsplug?.core?.chunks.ux"), "the UX chunk")


def open_fixture(shop: BeaconServer, page: Any, name: str) -> StillTime:
    time = StillTime(page)
    shop.files["/shop.css"] = ("text/css", POINTER_CSS.encode())
    code = inline_script((PAGES / f"{name}.js").read_text())
    open_page(shop, page, (PAGES / f"{name}.html").read_text() + code, path=f"/{name}", time=time)
    return time


def click_thrice(page: Any, time: StillTime, selector: str, pause: int = 120) -> None:
    for _ in range(3):
        page.click(selector, click_count=1)
        time.passes(pause)


INNOCENT = (
    "plus minus number month day text field area label check video tab download mail phone here copy print next more "
    "switch range canvas busy theme photo drag plain"
).split()


def test_innocent_patterns_raise_no_flag(shop: BeaconServer, page: Any) -> None:
    time = open_fixture(shop, page, "innocent")
    for name in INNOCENT:
        page.click(f"#{name}", click_count=3, delay=40)  # as a hand does: the second and third select words
        time.passes(200)
    page.select_option("#choice", "large")
    time.passes(2_700)
    page.evaluate("opsplug.track('search', {search_term: 'last'})")
    time.wait_for(lambda: shop.named("search"))
    assert len(shop.named("click")) >= 12
    assert [(e["event"], e["properties"]["selector_path"]) for e in shop.named(*BAD)] == []


@pytest.mark.parametrize("selector", ["#dead", "#nothing", "#pointer"])
def test_dead_things_are_told_once_beside_a_ticking_clock(shop: BeaconServer, page: Any, selector: str) -> None:
    time = open_fixture(shop, page, "annoying")
    time.passes(1_500)  # the clock has shown that it changes by itself
    click_thrice(page, time, selector)
    [dead] = time.wait_for(lambda: shop.named("dead_click"))
    [rage] = time.wait_for(lambda: shop.named("rage_click"))
    assert dead["properties"]["selector_path"] == rage["properties"]["selector_path"] == selector
    assert dead["properties"]["wait_ms"] == 2_500
    assert {key: rage["properties"][key] for key in ("count", "radius_px", "window_ms")} == {
        "count": 3,
        "radius_px": 30,
        "window_ms": 1_000,
    }


@pytest.mark.parametrize("selector", ["#ripple", "#slow"])
def test_an_answer_that_is_none_or_late_is_rage_but_not_dead(shop: BeaconServer, page: Any, selector: str) -> None:
    time = open_fixture(shop, page, "annoying")
    time.passes(1_500)
    click_thrice(page, time, selector)
    [rage] = time.wait_for(lambda: shop.named("rage_click"))
    assert rage["properties"]["selector_path"] == selector
    time.passes(2_500)
    page.evaluate("opsplug.track('search', {search_term: 'last'})")
    time.wait_for(lambda: shop.named("search"))
    assert not shop.named("dead_click")


def test_slow_or_distant_clicks_are_no_rage(shop: BeaconServer, page: Any) -> None:
    time = StillTime(page)
    open_page(shop, page, "<p>one two three</p><div class='screen'></div>", time=time)
    for x in (20, 60, 100):
        page.mouse.click(x, 20)
    click_thrice(page, time, "p", pause=1_100)
    page.evaluate("opsplug.track('search', {search_term: 'last'})")
    time.wait_for(lambda: shop.named("search"))
    assert len(shop.named("click")) == 6
    assert not shop.named("rage_click")


def test_click_says_where_but_not_what(shop: BeaconServer, page: Any) -> None:
    body = '<main><ul class="grid"><li><a href="/next">One</a></li><li><a href="/next">Ann Miller, 12 Main St</a></li></ul></main>'
    open_page(shop, page, body)
    page.click("li:nth-child(2) a")
    [click] = wait_for(lambda: shop.named("click"))
    properties = click["properties"]
    assert properties["selector_path"] == "main > ul.grid > li:nth-of-type(2) > a"
    assert properties["tag"] == "a"
    assert 0 < properties["x_rel"] < 1
    assert 0.4 < properties["element_x"] < 0.6
    assert len(properties["text_hash"]) == 16
    assert "Miller" not in json.dumps(shop.bodies)


def test_forms_tell_names_never_values(shop: BeaconServer, page: Any) -> None:
    body = """<form id="checkout" action="/pay"><input name="email"><input name="city"><input name="card_number">
      <input type="password" name="pw"><input type="hidden" name="csrf" value="hidden-secret">
      <input name="code" autocomplete="one-time-code"></form>
      <form id="letter" action="/next"><input name="name"><button>go</button></form>"""
    open_page(shop, page, body)
    for field, value in [
        ("card_number", "4111111111111111"),
        ("pw", "hunter2"),
        ("code", "987654"),
        ("city", "Berlin-X"),
    ]:
        page.fill(f"[name={field}]", value)
    page.fill("[name=email]", "ann@shop.example")
    page.fill("[name=name]", "Ann Miller")
    follow(page, page.locator("#letter button"))
    [abandoned] = wait_for(lambda: shop.named("form_abandon"))
    wait_for(lambda: len(shop.named("form_start", "form_submit")) >= 3)
    assert abandoned["properties"] == {
        "form_id": "checkout",
        "form_destination": "/pay",
        "last_field": "email",
        "fields_touched": 2,
    }
    assert [event["properties"].get("first_field") for event in shop.named("form_start")] == [None, "name"]
    assert [event["properties"]["form_id"] for event in shop.named("form_submit")] == ["letter"]
    sent = json.dumps(shop.bodies)
    for secret in (
        "4111",
        "hunter2",
        "987654",
        "Berlin-X",
        "ann@shop",
        "Miller",
        "hidden-secret",
        "card_number",
        "csrf",
        '"pw"',
    ):
        assert secret not in sent


def test_reading_is_measured(shop: BeaconServer, page: Any) -> None:
    time = StillTime(page)
    open_page(shop, page, '<div class="tall"></div>', time=time)
    page.mouse.wheel(0, 1_200)
    wait_for(lambda: page.evaluate("scrollY") >= 1_199)
    time.wait_for(lambda: shop.named("scroll"))
    page.goto("/next")
    [left] = wait_for(lambda: shop.named("page_leave"))
    assert [event["properties"]["percent"] for event in shop.named("scroll")] == [50]
    assert 55 <= left["properties"]["max_scroll"] <= 75
    assert 200 <= left["properties"]["duration_ms"] <= time.passed + 1_000
    assert left["path"] == "/"


def test_quick_back_between_pages_and_within_one(shop: BeaconServer, page: Any) -> None:
    page.add_init_script("const now = performance.now.bind(performance); performance.now = () => now() / 100")
    open_page(shop, page, "<a href='/next'>next</a>")
    page.goto("/next")
    wait_until_watching(page)
    page.go_back()
    [back] = wait_for(lambda: shop.named("quick_back"))
    assert (back["path"], back["properties"]["from_path"]) == ("/", "/next")
    wait_until_watching(page)
    page.evaluate("history.pushState({}, '', '/inside')")
    page.evaluate("history.back()")
    _, inside = wait_for(lambda: len(shop.named("quick_back")) == 2 and shop.named("quick_back"))
    assert inside["properties"]["from_path"] == "/inside"


def test_errors_are_hashed(shop: BeaconServer, page: Any) -> None:
    early = inline_script(
        "addEventListener('load', () => setTimeout(() => { throw new TypeError('planned early for ann@x.example') }))"
    )
    open_page(shop, page, early)
    page.evaluate("setTimeout(() => { throw new Error('planned 1') })")
    page.evaluate("setTimeout(() => { throw new Error('planned 2') })")
    page.evaluate("setTimeout(() => { void Promise.reject(new RangeError('planned 3')) })")
    wait_for(lambda: len(shop.named("js_error")) >= 3)
    kinds = [event["properties"]["error_type"] for event in shop.named("js_error")]
    assert kinds[0] == "TypeError"
    assert kinds.count("Error") == 1, "the same message with another number is the same error"
    assert "RangeError" in kinds
    assert "ann@x" not in json.dumps(shop.bodies)
    assert "planned" not in json.dumps(shop.bodies)


def test_web_vitals_arrive_by_the_time_the_page_goes(shop: BeaconServer, page: Any) -> None:
    busy = "b.onclick = () => { const end = performance.now() + 90; while (performance.now() < end); }"
    open_page(shop, page, "<h1>Words that are painted</h1><button id='b'>b</button>" + inline_script(busy))
    # The library counts an interaction once it was painted, when idle or a second later: so does this, after it.
    page.evaluate("""() => {
      const counted = () => requestIdleCallback(() => (window.counted = true), {timeout: 1_100});
      window.observer = new PerformanceObserver(counted);
      observer.observe({type: "event", durationThreshold: 16});
    }""")
    page.click("#b")
    wait_for(lambda: page.evaluate("window.counted"), "the interaction to be counted")
    page.goto("/next")
    all_five = {"LCP", "CLS", "FCP", "TTFB", "INP"}
    wait_for(lambda: {event["properties"]["name"] for event in shop.named("web_vital")} == all_five)
    assert all(event["properties"]["rating"] for event in shop.named("web_vital"))


def test_the_snippet_costs_little_and_moves_nothing(shop: BeaconServer, page: Any) -> None:
    """The main thread's own time, which is the same on a busy machine, beside what the page costs without the snippet."""
    rows = "".join(f"<li class='card'><a href='/next'>Product {n}</a></li>" for n in range(1_500))
    shop.pages["/without"] = Page(body=f"<ul>{rows}</ul>", snippet=False)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def costs() -> dict[str, float]:
        page.click("li:nth-child(3)")
        page.wait_for_timeout(800)
        return {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}

    page.goto("/without")
    without = costs()
    open_page(shop, page, f"<ul>{rows}</ul>")
    costing = costs()
    assert costing["ScriptDuration"] < without["TaskDuration"] / 2, (costing, without)
    assert costing["LayoutCount"] <= without["LayoutCount"] + 1
    assert page.evaluate("shift") == 0
    assert page.evaluate("violations") == []
