"""Pages in a real Chromium: contexts that count violations and shifts, a time that stands still."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.beacon_server import BeaconServer
from tests.support.waiting import PATIENCE, wait_for

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


expect = playwright.expect
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
