"""The recommendation widget in a real browser: what it shows, counts and leaves alone."""

from typing import Any

import pytest

from tests.support.axe import findings
from tests.support.beacon_server import BeaconServer, Page, recommendations
from tests.support.browser import StillTime, expect, follow, new_context
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser
QUIET = {"ux": False}
WIDGET = '<opsplug-recommendations placement="item" item-id="sku9" k="8"></opsplug-recommendations>'
SERVED = (
    '<opsplug-recommendations placement="item" item-id="sku9" data-recommendation-id="rec-served" data-rung="item" {}>'
    '<section class="opsplug-recommendations"><h2>Goes well with</h2><ul>'
    '<li data-item-id="a" data-index="0" data-reason-code="bought_together">'
    '<a class="opsplug-card" href="#a">A</a></li>'
    '<li data-item-id="b" data-index="1" data-reason-code="similar"><a class="opsplug-card" href="#b">B</a></li>'
    "</ul></section></opsplug-recommendations>"
)


def open_page(shop: BeaconServer, page: Any, body: str, **options: Any) -> None:
    shop.pages["/"] = Page(body=f"<main><h1>Shop</h1>{body}</main>", options=QUIET, **options)
    shop.pages["/product/0"] = Page(options=QUIET)
    page.goto("/")


def cards(page: Any) -> Any:
    # Not the placeholders that keep the height until the list is there.
    return page.locator("opsplug-recommendations li[data-item-id]:not([data-item-id='\u00a0'])")


def test_shows_what_the_server_answers(shop: BeaconServer, page: Any) -> None:
    open_page(shop, page, WIDGET)
    wait_for(lambda: cards(page).count() == 8)
    assert shop.queries == [{"placement": "item", "item_id": "sku9", "k": "8", "language": "en"}]
    assert page.locator("opsplug-recommendations h2").inner_text() == "You may also like"
    first = cards(page).first
    assert first.locator("a").get_attribute("href") == f"{shop.url}/product/0"
    assert first.locator(".opsplug-name").inner_text() == "Blue Teapot"
    assert first.locator(".opsplug-price").inner_text() == "€9.90"
    assert first.locator(".opsplug-reason").inner_text() == "Often bought with Blue Teapot"
    assert first.locator(".opsplug-tile").get_attribute("data-initial") == "B"
    assert cards(page).nth(1).locator("img").count() == 1
    assert page.evaluate("violations") == []


def test_hostile_answers_stay_text(shop: BeaconServer, page: Any) -> None:
    def hostile(_: dict[str, str]) -> dict[str, Any]:
        answer = recommendations(1)
        answer["title"] = "<img src=x onerror=alert(1)>"
        answer["items"][0] |= {
            "item_name": "<script>alert(1)</script>",
            "url": "javascript:alert(1)",
            "image_url": "javascript:alert(1)",
            "reason": '"><svg onload=alert(1)>',
            "price": 5,
            "currency": "no such money",
        }
        return answer

    shop.recommend = hostile
    open_page(shop, page, WIDGET)
    wait_for(lambda: cards(page).count() == 1)
    assert page.locator("opsplug-recommendations h2").inner_text() == "<img src=x onerror=alert(1)>"
    assert cards(page).first.locator("a").get_attribute("href") is None
    assert page.locator("opsplug-recommendations").locator("img, script, svg").count() == 0
    assert cards(page).first.locator(".opsplug-price").inner_text() == "5"


def test_seen_means_half_in_view_for_a_second(shop: BeaconServer, chromium: Any) -> None:
    context = new_context(chromium, shop, viewport={"width": 390, "height": 844})
    page = context.new_page()
    time = StillTime(page)
    open_page(shop, page, f'<div class="screen"></div><div class="screen"></div>{WIDGET}')
    time.wait_for(lambda: cards(page).count() == 8)
    time.passes(1_300)
    page.locator("opsplug-recommendations").scroll_into_view_if_needed()
    began = time.passed
    [seen] = time.wait_for(lambda: shop.named("view_item_list"))
    assert time.passed - began >= 1_000
    properties = seen["properties"]
    assert properties["item_list_id"] == "opsplug:item"
    assert properties["recommendation_id"] == "rec-1"
    first = [item["index"] for item in properties["items"]]
    assert first == list(range(len(first)))
    assert 2 <= len(first) < 8, "cards that were not scrolled into view were not seen"
    assert properties["items"][0] == {
        "item_id": "sku0",
        "index": 0,
        "recommendation_id": "rec-1",
        "reason_code": "bought_together",
    }
    page.evaluate("document.querySelector('opsplug-recommendations').shadowRoot.querySelector('ul').scrollLeft = 9999")
    _, *more = time.wait_for(lambda: len(shop.named("view_item_list")) > 1 and shop.named("view_item_list"))
    assert not set(first) & {item["index"] for event in more for item in event["properties"]["items"]}
    context.close()


def test_a_click_leaves_before_the_page_does(shop: BeaconServer, page: Any) -> None:
    open_page(shop, page, WIDGET)
    wait_for(lambda: cards(page).count() == 8)
    follow(page, cards(page).first.locator("a"))
    assert page.url.endswith("/product/0")
    [chosen] = wait_for(lambda: shop.named("select_item"))
    assert chosen["path"] == "/"
    assert chosen["properties"]["recommendation_id"] == "rec-1"
    assert [item["index"] for item in chosen["properties"]["items"]] == [0]


def test_not_interested_takes_the_card_away(shop: BeaconServer, page: Any) -> None:
    open_page(shop, page, WIDGET)
    wait_for(lambda: cards(page).count() == 8)
    summary, opened = cards(page).nth(2).locator("summary"), cards(page).nth(2).locator("details[open]")
    summary.focus()
    page.keyboard.press("Enter")
    expect(opened).to_have_count(1)
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    page.keyboard.press("Enter")
    expect(opened).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    [refused] = wait_for(lambda: shop.named("item_feedback"))
    assert refused["properties"]["action"] == "not_interested"
    assert [item["item_id"] for item in refused["properties"]["items"]] == ["sku2"]
    expect(cards(page)).to_have_count(7)
    assert "Garden Thermometer" in page.locator("opsplug-recommendations [role=status]").inner_text()
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.closest('li').dataset.itemId") == "sku3"


def test_a_served_list_is_watched_and_not_fetched(shop: BeaconServer, page: Any) -> None:
    open_page(shop, page, SERVED.format(""))
    [seen] = wait_for(lambda: shop.named("view_item_list"))
    assert [item["item_id"] for item in seen["properties"]["items"]] == ["a", "b"]
    assert seen["properties"]["recommendation_id"] == "rec-served"
    page.click("a[href='#b']")
    [chosen] = wait_for(lambda: shop.named("select_item"))
    assert chosen["properties"]["items"][0]["reason_code"] == "similar"
    assert shop.queries == []


def test_a_personal_list_replaces_the_served_one(shop: BeaconServer, page: Any) -> None:
    time = StillTime(page)  # in the second before the served one counts as seen
    open_page(shop, page, SERVED.format("personal"))
    wait_for(lambda: cards(page).locator("visible=true").count() == 8)
    [seen] = time.wait_for(lambda: shop.named("view_item_list"))
    assert seen["properties"]["recommendation_id"] == "rec-1"


def test_who_is_compared_with_sees_no_list_that_was_made_for_everybody(shop: BeaconServer, page: Any) -> None:
    shop.recommend = lambda _: {**recommendations(4), "holdout": True}
    open_page(shop, page, SERVED.format(""))
    assert shop.queries == [], "nobody has said yet on which side this visitor is"
    open_page(shop, page, '<opsplug-recommendations placement="home" k="4"></opsplug-recommendations>')
    wait_for(lambda: cards(page).count() == 4)
    open_page(shop, page, SERVED.format(""))
    wait_for(lambda: cards(page).locator("visible=true").count() == 4)
    assert shop.queries[-1]["item_id"] == "sku9"
    shop.recommend = lambda _: recommendations(4)
    open_page(shop, page, SERVED.format(""))
    wait_for(lambda: len(shop.queries) == 3)
    wait_for(lambda: page.evaluate("localStorage.getItem('opsplug:holdout')") is None)
    open_page(shop, page, SERVED.format(""))
    wait_for(lambda: shop.named("page_view"))
    assert page.locator("a[href='#a']").is_visible()
    assert len(shop.queries) == 3


def test_empty_is_absent_and_a_personal_failure_keeps_the_served_list(shop: BeaconServer, page: Any) -> None:
    shop.recommend = lambda _: recommendations(0)
    open_page(shop, page, f"{SERVED.format('personal')}{WIDGET}")
    wait_for(lambda: len(shop.queries) == 2)
    wait_for(lambda: not page.locator("opsplug-recommendations").nth(1).is_visible())
    assert page.locator("a[href='#a']").is_visible()


def test_two_widgets_share_no_item(shop: BeaconServer, page: Any) -> None:
    second = '<opsplug-recommendations placement="cart" k="4" exclude="x"></opsplug-recommendations>'
    open_page(shop, page, f"{SERVED.format('')}{WIDGET}{second}")
    wait_for(lambda: len(shop.queries) == 2)
    assert shop.queries[0]["exclude"] == "a,b"
    assert shop.queries[1]["exclude"] == "x,a,b," + ",".join(f"sku{index}" for index in range(8))


def test_elements_may_come_change_and_go(shop: BeaconServer, page: Any) -> None:
    time = StillTime(page)
    open_page(shop, page, "<div id=place></div>")
    time.wait_for(lambda: shop.named("page_view"))
    page.evaluate("document.querySelector('#place').append(document.createElement('opsplug-recommendations'))")
    wait_for(lambda: cards(page).count() == 8)
    page.evaluate("document.querySelector('opsplug-recommendations').setAttribute('placement', 'cart')")
    page.evaluate("document.querySelector('opsplug-recommendations').setAttribute('placement', 'search')")
    wait_for(lambda: shop.queries[-1]["placement"] == "search")
    time.passes(900)
    page.evaluate("document.querySelector('opsplug-recommendations').remove()")
    page.evaluate("opsplug.track('search', {search_term: 'last'})")
    time.passes(1_200)
    time.wait_for(lambda: shop.named("search"))
    assert not shop.named("view_item_list")


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_jumps(shop: BeaconServer, chromium: Any, width: int) -> None:
    context = new_context(chromium, shop, viewport={"width": width, "height": 900})
    page = context.new_page()
    open_page(shop, page, f"{WIDGET}<p>What stands below must not move.</p>")
    wait_for(lambda: cards(page).count() == 8)
    page.wait_for_timeout(300)
    assert page.evaluate("shift") == 0
    context.close()


def test_an_empty_answer_in_view_moves_nothing(shop: BeaconServer, page: Any) -> None:
    shop.recommend = lambda _: recommendations(0)
    open_page(shop, page, f'{WIDGET}<p>below</p><div class="tall"></div>')
    wait_for(lambda: shop.queries and not page.locator("opsplug-recommendations").is_visible())
    page.wait_for_timeout(300)
    assert page.evaluate("shift") == 0
    page.evaluate("scrollTo(0, 2500)")
    wait_for(lambda: page.evaluate("document.querySelector('opsplug-recommendations').offsetHeight") == 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(shop: BeaconServer, chromium: Any, scheme: str, language: str) -> None:
    shop.recommend = lambda query: recommendations(8, query["language"])
    context = new_context(chromium, shop, color_scheme=scheme)
    page = context.new_page()
    open_page(shop, page, WIDGET, language=language)
    wait_for(lambda: cards(page).count() == 8)
    assert findings(page) == []
    context.close()
