"""The main job, as a person does it: look at products, click a recommendation, buy it, and read the stats page."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.axe import findings
from tests.support.browser import COUNTERS, expect, follow
from tests.support.demo_process import Demo
from tests.support.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.browser

LEARNING = 1800.0  # seconds; the machine may be busy. What the demo promises is measured in benchmarks.


@pytest.fixture(scope="session")
def learned(tmp_path_factory: Any) -> Path:
    """A folder whose shop has imported its orders and trained its models; once for both frameworks."""
    folder: Path = tmp_path_factory.mktemp("demo") / "shop"
    with Demo("flask", folder) as running:
        running.wait_until_it_recommends(LEARNING)
        said = "\n".join(running.lines)
        assert "Importing past orders" in said
        assert re.search(r"past orders, moved by \d+ whole weeks; the last is of ", said)
        running.wait_for("The stats pages are filled", LEARNING)
        wait_for((folder / "learned.txt").exists, "the note that all was learned")
        assert running.stop() == 0
    return folder


@pytest.fixture(scope="module", params=["flask", "starlette"])
def demo(request: Any, chromium: Any, learned: Path, tmp_path_factory: Any) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp(request.param) / "shop"
    shutil.copytree(learned, folder)
    with Demo(request.param, folder) as running:
        running.wait_until_it_recommends(LEARNING)
        yield running
        assert running.stop() == 0
        assert not [line for line in running.lines if "Traceback" in line or "Error" in line], running.lines


@pytest.fixture
def page(demo: Demo, chromium: Any) -> Iterator[Any]:
    context = visitor(chromium, demo)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", lambda answer: faults.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None)
    yield page
    assert faults == []
    context.close()


def visitor(chromium: Any, demo: Demo, **options: Any) -> Any:
    """A browser of its own, by a name that does not say "headless": opsplug takes those for bots, and rightly."""
    agent = f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chromium.version} Safari/537.36"
    settings = {"base_url": demo.address, "viewport": {"width": 1280, "height": 800}, "user_agent": agent, **options}
    context = chromium.new_context(**settings)
    context.set_default_timeout(PATIENCE * 1000)
    context.add_init_script(COUNTERS)
    return context


def test_a_recommendation_is_seen_clicked_bought_and_credited(demo: Demo, page: Any) -> None:
    for product in ("22423", "85123A"):
        page.goto(f"/product/{product}")
        assert page.locator("h1").inner_text()
    page.goto("/search?q=green+regency+teacup")
    follow(page, page.locator("article.card a").first)
    assert page.locator("h1").inner_text() == "Green Regency Teacup and Saucer"

    related = page.locator('opsplug-recommendations[placement="item"]')
    names = related.locator(".opsplug-name").all_inner_texts()
    assert len(names) >= 4
    assert sum("Regency" in name for name in names) >= 2, names  # people who buy this cup buy its like
    assert "Green Regency Teacup and Saucer" not in names

    with page.expect_request(carries("view_item_list")):
        related.scroll_into_view_if_needed()
    with page.expect_request(is_beacon):
        follow(page, related.locator("a").first)
    bought = page.locator("h1").inner_text()
    assert bought in names

    with page.expect_request(is_beacon):
        follow(page, page.get_by_role("button", name="Add to cart"))
    assert page.locator(".lines h2").all_inner_texts() == [bought]
    follow(page, page.get_by_role("link", name="Go to checkout"))
    follow(page, page.get_by_role("button", name="Continue"))
    follow(page, page.get_by_role("button", name="Continue"))
    follow(page, page.get_by_role("button", name="Buy now"))
    expect(page.locator(".notice")).to_be_visible()
    assert page.evaluate("violations") == []

    page.goto(demo.stats)
    row = wait_for(lambda: credited(page), "a purchase credited to the item placement", 2 * PATIENCE)
    assert row["Shown"] >= 1
    assert row["Clicked"] >= 1
    assert row["Bought"] >= 1


def test_without_javascript_the_shop_shows_related_items_and_sells(demo: Demo, chromium: Any) -> None:
    context = visitor(chromium, demo, java_script_enabled=False)
    page = context.new_page()
    page.goto("/product/22423")
    assert page.locator('opsplug-recommendations[placement="item"] li').count() >= 4
    follow(page, page.get_by_role("button", name="Add to cart"))
    assert page.locator(".lines h2").all_inner_texts() == ["Regency Cake Stand 3 Tier"]
    context.close()


def test_a_customer_who_is_known_sees_a_list_of_their_own(demo: Demo, page: Any) -> None:
    page.goto("/login")
    follow(page, page.get_by_role("button", name="Nora Whitfield"))
    wait_for(lambda: len(bags(page)) >= 3, "a list for someone who buys bags")
    page.goto("/?lang=zh")
    page.get_by_role("link", name="购物车").wait_for()
    assert page.locator("opsplug-recommendations").count() >= 1
    assert page.evaluate("violations") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_pages_are_accessible_and_fit_their_screen(demo: Demo, chromium: Any, width: int, scheme: str) -> None:
    context = visitor(chromium, demo, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for path in ("/", "/category/tea", "/search?q=red+mug", "/product/22423", "/cart", "/help", "/login", "/?lang=zh"):
        page.goto(path)
        assert findings(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()


def bags(page: Any) -> list[str]:
    shown = page.locator("opsplug-recommendations [data-item-id]:visible").all_inner_texts()
    return [text for text in shown if "Bag" in text]


def is_beacon(request: Any) -> bool:
    """What a page sends while it is left; Chromium does not show its body, so the stats page has to tell what it was."""
    return bool(request.url.endswith("/events")) and request.resource_type == "ping"


def carries(event: str) -> Any:
    """Whether a request carries such an event to opsplug."""
    pattern = re.compile(rf'"event":\s*"{event}"')

    def matches(request: Any) -> bool:
        return request.url.endswith("/events") and bool(pattern.search(request.post_data or ""))

    return matches


def credited(page: Any) -> dict[str, int] | None:
    """The item placement's row of the stats page as numbers by column, once it has a purchase."""
    follow(page, page.get_by_role("link", name="Recommendations").first)
    for row in page.locator("table tbody tr").all():
        cells = {cell.get_attribute("data-label"): cell.inner_text() for cell in row.locator("td").all()}
        if cells.get("Place") == "Item page" and number(cells.get("Bought", "")) >= 1:
            return {name: number(text) for name, text in cells.items() if name}
    return None


def number(text: str) -> int:
    found = re.match(r"[\d,]+", text)
    return int(found[0].replace(",", "")) if found else 0
