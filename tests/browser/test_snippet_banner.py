"""The consent banner: asks whom it must, takes either answer alike, keeps away from everybody else."""

from typing import Any

import pytest

from tests.support.axe import findings
from tests.support.beacon_server import BeaconServer, Page
from tests.support.browser import expect, new_context
from tests.support.waiting import wait_for

pytestmark = pytest.mark.browser
ASKING = {"ux": False, "banner": True}


def open_page(shop: BeaconServer, page: Any, **options: Any) -> None:
    shop.pages["/"] = Page(body="<main><h1>Shop</h1></main>", **{"consent": "required", "options": ASKING, **options})
    page.goto("/")


@pytest.mark.parametrize(("label", "granted"), [("Yes, remember", True), ("No, thanks", False)])
def test_either_answer_takes_one_press_and_lasts(shop: BeaconServer, page: Any, label: str, granted: bool) -> None:
    open_page(shop, page)
    yes, no = (page.locator("opsplug-consent button", has_text=text) for text in ("Yes, remember", "No, thanks"))
    yes.wait_for()
    assert yes.bounding_box()["width"] == pytest.approx(no.bounding_box()["width"], abs=1)
    assert page.evaluate("document.activeElement.localName") == "body"
    with page.expect_response("**/consent") as answered:
        page.locator("opsplug-consent button", has_text=label).click()
    answered.value.finished()
    assert shop.consents == [{"analytics": granted, "personalization": granted}]
    expect(page.locator("opsplug-consent section")).to_have_count(0)
    page.reload()
    wait_for(lambda: len(shop.named("page_view")) == 2)
    page.wait_for_timeout(200)
    assert page.locator("opsplug-consent").count() == 0
    assert page.evaluate("opsplug.consent()") is granted


def test_who_has_said_no_by_signal_is_not_asked(shop: BeaconServer, page: Any) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    open_page(shop, page)
    wait_for(lambda: shop.named("page_view"))
    page.wait_for_timeout(300)
    assert page.locator("opsplug-consent section").count() == 0


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh", "dark")])
def test_axe_finds_nothing_and_nothing_moves(shop: BeaconServer, chromium: Any, language: str, scheme: str) -> None:
    context = new_context(chromium, shop, color_scheme=scheme)
    page = context.new_page()
    open_page(shop, page, language=language)
    page.locator("opsplug-consent button").first.wait_for()
    assert findings(page) == []
    assert page.evaluate("shift") == 0
    assert page.evaluate("violations") == []
    context.close()
