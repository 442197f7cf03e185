"""Widgets in the browser: a language made to find texts that go past the locales, and prices as browsers write them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsplug import locales
from opsplug.locales.formats import money
from tests.support.live_shop import LiveShop
from tests.support.pseudo import TAG, untranslated, write_language

pytestmark = pytest.mark.browser

ITEMS = [{"item_id": f"i{n}", "item_name": f"XX {n}", "price": 5.5, "currency": "EUR"} for n in range(9)]
# All that a person reads or hears within the widgets, their shadow roots included.
READ = """() => {
  const found = [];
  const read = (node) => {
    if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent);
    if (node.nodeType !== Node.ELEMENT_NODE && node.nodeType !== Node.DOCUMENT_FRAGMENT_NODE) return;
    if (node.localName === "style" || node.localName === "script") return;
    for (const name of ["aria-label", "placeholder", "title", "alt"]) found.push(node.getAttribute?.(name) || "");
    node.childNodes.forEach(read);
    if (node.shadowRoot) read(node.shadowRoot);
  };
  document.querySelectorAll("opsplug-recommendations,opsplug-chat,opsplug-consent").forEach(read);
  return found.filter((text) => text.trim());
}"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[LiveShop]:
    folder = write_language(tmp_path / "locales")
    with LiveShop("flask", tmp_path, consent="required", banner=True, locales=str(folder)) as made:
        made.engine.catalog.upsert(ITEMS)
        yield made
    locales.use("")


def open_in(shop: LiveShop, chromium: Any, language: str, **options: Any) -> Any:
    """The shop's page in a language: its own tag, a list that is fetched, chat and banner."""
    page = chromium.new_context(**options).new_page()
    tag = page.request.get(f"{shop.url}/page").text()
    body = '<opsplug-recommendations placement="cart" k="3"></opsplug-recommendations>'
    made = tag.replace("<html>", f'<html lang="{language}">').replace("Hello", body)
    page.route("**/page", lambda route: route.fulfill(body=made, content_type="text/html"))
    page.goto(f"{shop.url}/page")
    return page


def test_widgets_speak_the_language_of_the_page_and_nothing_else(shop: LiveShop, chromium: Any) -> None:
    page = open_in(shop, chromium, f"{TAG}-XX")  # a region that nobody has texts for
    page.locator("opsplug-recommendations li[data-item-id=i0], opsplug-recommendations li").first.wait_for()
    page.locator("opsplug-consent button").first.wait_for()
    page.locator("opsplug-chat button").click()
    page.locator("opsplug-chat textarea").fill("42 43")
    page.keyboard.press("Enter")
    page.locator("opsplug-chat .assistant").nth(1).wait_for()
    read = page.evaluate(READ)
    assert sum("⟦" in text for text in read) > 20
    assert [text for text in read if untranslated(text, frozenset(["XX"]))] == []


def test_the_visitors_language_is_next_and_the_shops_last(shop: LiveShop, chromium: Any) -> None:
    for language, locale, label in (
        ("tlh", "zh-CN", "在线咨询"),
        ("", "de-AT", "Mit uns chatten"),
        ("tlh", "fr", "Chat with us"),
    ):
        page = open_in(shop, chromium, language, locale=locale)
        page.locator(f'opsplug-chat button[aria-label="{label}"]').wait_for()


def test_browser_and_server_write_the_same_prices(chromium: Any) -> None:
    """Intl stands in where a card came without its price as a text; Chromium's CLDR and Babel's agree."""
    page = chromium.new_page()
    asked = [
        (amount, currency, language)
        for amount in (0.0, 0.125, 1.005, 9.9, 1234.5, 1234567.891)
        for currency in ("EUR", "GBP", "USD", "CNY", "JPY", "CHF", "BRL", "CAD")
        for language in ("en", "zh", "de")
    ]
    written = page.evaluate(
        """(asked) => asked.map(([amount, currency, language]) => new Intl.NumberFormat(
          language, {style: "currency", currency, currencyDisplay: "narrowSymbol"}).format(amount))""",
        asked,
    )
    differing = {
        question: (text, money(*question))
        for question, text in zip(asked, written, strict=True)
        if text != money(*question)
    }
    assert differing == {}
