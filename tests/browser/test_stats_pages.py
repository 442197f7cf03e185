"""Every stats page that is wired, in a browser: accessible by axe's rules, and no wider than its screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.axe import findings
from tests.support.browser import COUNTERS
from tests.support.live_shop import LiveShop
from tests.support.stats_pages import page_names
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveShop]:
    with LiveShop("flask", tmp_path_factory.mktemp("stats"), admin=lambda request: True) as running:
        running.engine.catalog.upsert(
            [{"item_id": f"mug{n}", "item_name": f"Mug {n}", "price": 9.5} for n in range(30)]
        )
        for n in range(40):
            goods = [{"item_id": f"mug{n % 30}", "price": 9.5, "quantity": 2}]
            who = {"anonymous_id": f"a{n % 7}", "session_id": f"s{n}"}
            running.engine.track("view_item", items=goods, **who)
            running.engine.track("purchase", items=goods, transaction_id=f"o{n}", value=19.0, currency="EUR", **who)
        assert running.engine.flush()
        yield running


# Each pair of screen, scheme and language occurs once.
@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [(390, "light", "zh"), (390, "dark", "en"), (1440, "light", "en"), (1440, "dark", "zh")],
)
def test_pages_are_accessible_and_fit_their_screen(
    shop: LiveShop, chromium: Any, width: int, scheme: str, language: str
) -> None:
    size = {"width": width, "height": 900}
    context = chromium.new_context(base_url=shop.url, viewport=size, color_scheme=scheme, locale=language)
    context.set_default_timeout(PATIENCE * 1000)
    context.add_init_script(COUNTERS)
    page = context.new_page()
    for name in page_names():
        page.goto(f"/_opsplug/admin/{name}?lang={language}")
        assert findings(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    context.close()
