"""One Chromium for the whole run, one fresh context and one fresh little shop for each test.

How busy the machine is must make no difference. A click waits for no page and no answer: `follow` does, and `expect`, and
`wait_for`. What the snippet does after so many seconds is tried on a page whose time stands still: `StillTime`.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.beacon_server import BeaconServer

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

expect = playwright.expect
PATIENCE = 60.0  # seconds until a test fails; nothing waits so long for what comes
expect.set_options(timeout=PATIENCE * 1000)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SHOP_CSS = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1c1e21; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181c; --ink: #e8eaed; } }
body { margin: 0; font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; }
body { background: var(--ground); color: var(--ink); }
main { max-width: 1100px; margin: 0 auto; padding: 16px; }
.tall { height: 3000px; }
.screen { height: 90vh; }
"""
# Violations and shifts are counted from the first moment on, whatever the page's own scripts do.
COUNTERS = """
window.violations = [];
window.shift = 0;
document.addEventListener("securitypolicyviolation", (event) =>
  violations.push(event.violatedDirective + " " + event.blockedURI));
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
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


def new_context(chromium: Any, shop: BeaconServer, **options: Any) -> Any:
    settings = {"base_url": shop.url, "viewport": {"width": 1280, "height": 800}, **options}
    context = chromium.new_context(**settings)
    context.set_default_timeout(PATIENCE * 1000)
    context.add_init_script(COUNTERS)
    return context


class StillTime:
    """The time of a page, which goes on only when told; to be made before the page is opened."""

    def __init__(self, page: Any) -> None:
        self._clock = page.clock
        self._clock.install(time=1_800_000_000)
        self._clock.pause_at(1_800_000_001)
        self.passed = 0  # milliseconds

    def passes(self, milliseconds: int) -> None:
        self._clock.run_for(milliseconds)
        self.passed += milliseconds

    def wait_for(self, found: Callable[[], Any], what: str = "condition") -> Any:
        """Lets time pass until there is an answer."""
        return wait_for(lambda: (self.passes(50), found())[1], what)


def follow(page: Any, target: Any) -> None:
    """A click that leads to another page, which is there afterwards."""
    with page.expect_navigation():
        target.click()


def wait_for(found: Callable[[], Any], what: str = "condition", seconds: float = PATIENCE) -> Any:
    """Asks until there is an answer; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.02)
    pytest.fail(f"waited {seconds} s for {what}")
