"""Learns the catalogue from pages the shop served: one background thread reads bytes that already left."""

import logging
import os
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Any, Final

from opsplug.capture.product_pages import MAX_PAGE, Page, read_page, read_products
from opsplug.units import HOUR

__all__ = ["Discovery", "Page", "read_page", "read_products"]

log = logging.getLogger("opsplug")
EVERY_SECONDS: Final = HOUR
_REMEMBERED: Final = 20_000
_WAITING: Final = 16
_IDLE_SECONDS: Final = 5.0


class Discovery:
    """A bounded queue of pages and a daemon thread that lives while there are pages to read.

    `put(records)` stores catalogue records of pages; what it raises is logged and counted, never passed on. The
    caller offers only complete answers to GET with status 200 of visitors who are neither logged in nor staff.
    """

    def __init__(
        self,
        put: Callable[[Sequence[Mapping[str, Any]]], Any],
        *,
        count: Callable[[str], None] = lambda name: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._put = put
        self._count = count
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._fresh()
        fresh = weakref.WeakMethod(self._fresh)
        os.register_at_fork(after_in_child=lambda: (method := fresh()) and method())

    def _fresh(self) -> None:
        """A forked child has no thread of ours and must not trust its locks."""
        self._pages: Queue[tuple[str, bytes] | None] = Queue(_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def due(self, path: str) -> bool:
        """Whether the page at `path` would be read now: cheap, so that a caller need not collect bytes in vain."""
        last = self._seen.get(path)
        return not self._stopped and (last is None or not 0 <= self._clock() - last < EVERY_SECONDS)

    def offer(self, html: bytes, path: str, headers: Mapping[str, str]) -> bool:
        """Hand over a page that was served; never waits. False: not due, too big, hidden, or the queue is full."""
        if len(html) > MAX_PAGE or not self.due(path) or _hidden(headers):
            return False
        try:
            self._pages.put_nowait((path, html))
        except Full:
            self._count("discovery_dropped")
            return False
        self._seen[path] = self._clock()
        self._seen.move_to_end(path)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        self._wake()
        return True

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all pages offered so far are read; False past `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self._pages.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.005)
        return not self._pages.unfinished_tasks

    def stop(self, timeout: float = 1.0) -> None:
        """Take no more pages and let the thread end; unread pages are forgotten (they will be served again)."""
        self._stopped = True
        with suppress(Full):
            self._pages.put_nowait(None)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _wake(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="opsplug-discovery", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stopped:
            try:
                page = self._pages.get(timeout=_IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._pages.empty():
                        self._thread = None
                        return
                continue
            try:
                if page is not None and not self._stopped:
                    self._read(*page)
            except Exception:
                self._count("errors.discovery")
                log.exception("opsplug: a page could not be read for the catalogue")
            finally:
                self._pages.task_done()

    def _read(self, path: str, html: bytes) -> None:
        page = read_page(html, path)
        self._count("pages_read")
        if page.hidden or (page.canonical is not None and _same(page.canonical) != _same(path)) or not page.products:
            return
        self._put(page.products)


def _hidden(headers: Mapping[str, str]) -> bool:
    tags = next((value for name, value in headers.items() if name.lower() == "x-robots-tag"), "").lower()
    return "noindex" in tags or "none" in tags


def _same(path: str) -> str:
    return path.rstrip("/") or "/"
