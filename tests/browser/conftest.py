"""One Chromium for each file, one fresh context and one fresh little shop for each test.

How busy the machine is must make no difference. A click waits for no page and no answer: `follow` does, and `expect`, and
`wait_for`. What the snippet does after so many seconds is tried on a page whose time stands still: `StillTime`.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.beacon_server import BeaconServer
from tests.support.browser import CHROMIUM, SHOP_CSS, new_context, playwright


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """It ends with the file: while the driver runs, no test of this process can run an event loop of its own."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: the snippet was not tried in a browser")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def shop() -> Iterator[BeaconServer]:
    with BeaconServer() as server:
        server.files["/shop.css"] = ("text/css", SHOP_CSS.encode())
        yield server


@pytest.fixture
def context(chromium: Any, shop: BeaconServer) -> Iterator[Any]:
    context = new_context(chromium, shop)
    yield context
    context.close()


@pytest.fixture
def page(context: Any) -> Iterator[Any]:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert [error for error in errors if "planned" not in error] == []
