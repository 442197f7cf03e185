"""Learns the catalogue from what the shop served: one background thread reads bytes that already left."""

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

from opsplug.capture.discovery.dom import MAX_PAGE
from opsplug.capture.discovery.learner import Learner, Sight
from opsplug.capture.visit import Visit
from opsplug.units import HOUR

log = logging.getLogger("opsplug")
EVERY_SECONDS: Final = HOUR
_REMEMBERED: Final = 20_000
_WAITING: Final = 16
_IDLE_SECONDS: Final = 5.0
_CLIENTS: Final = 64  # of one host that are counted
_LOCAL: Final = frozenset(("localhost", "127.0.0.1", "[::1]", "testserver", "test"))


class Discovery:
    """A bounded queue of answers and a daemon thread that lives while there are some to read.

    `put(records)` stores catalogue records; what it raises is logged and counted, never passed on. The caller offers
    only complete answers to GET without a query, of visitors who are neither crawlers, logged in nor staff.
    """

    def __init__(
        self,
        put: Callable[[Sequence[Mapping[str, Any]]], Any],
        *,
        remove: Callable[[Sequence[str]], Any] = lambda ids: None,
        explain: Callable[[Sequence[tuple[str, Any]]], Any] = lambda pairs: None,
        known: Callable[[], Mapping[str, str]] = dict,
        report: Callable[[list[dict[str, Any]]], Any] = lambda routes: None,
        product_routes: Sequence[str] = (),
        count: Callable[[str], None] = lambda name: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._count = count
        self._clock = clock
        self._known = known
        self._is_ready = False
        self._seen: OrderedDict[str, float] = OrderedDict()
        self.learner = Learner(put, remove, explain, report=report, product_routes=product_routes, note=count)
        self._hosts: dict[str, set[str]] = {}
        self._fresh()
        fresh = weakref.WeakMethod(self._fresh)
        os.register_at_fork(after_in_child=lambda: (method := fresh()) and method())

    def _fresh(self) -> None:
        """A forked child has no thread of ours and must not trust its locks."""
        self._sights: Queue[Sight | None] = Queue(_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def due(self, path: str) -> bool:
        """Whether the answer at `path` would be read now: cheap, so that a caller need not collect bytes in vain."""
        last = self._seen.get(path)
        return not self._stopped and (last is None or not 0 <= self._clock() - last < EVERY_SECONDS)

    def offer(self, sight: Sight, client: str = "") -> bool:
        """Hand over an answer that was served; never waits. False: not due, too big, hidden, or the queue is full."""
        if len(sight.body) > MAX_PAGE or not self.due(sight.path) or not self._is_own(sight.host, client):
            return False
        if not self._hand_over(sight):
            return False
        self._seen[sight.path] = self._clock()
        self._seen.move_to_end(sight.path)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True

    def lesson(self, visit: Visit, body: bytes, media: str, robots: str) -> None:
        """Hold what this visit was answered until its route is known (`taught`)."""
        if len(body) <= MAX_PAGE and not _hidden(robots):
            visit.lesson = Sight(visit.path, None, {}, media, body, visit.host.netloc())

    def taught(self, visit: Visit) -> None:
        """The visit is over."""
        sight, visit.lesson = visit.lesson, None
        if sight is not None:
            sight.route, sight.params = visit.route, visit.params or {}
            self.offer(sight, visit.client)
        elif visit.user is None:
            self.gone(visit.path, visit.status)

    def gone(self, path: str, status: int) -> None:
        """The shop answered 404, 410 or a redirect where a product was."""
        if path in self.learner.known and not self._stopped:
            self._seen.pop(path, None)
            self._hand_over(Sight(path, None, {}, "gone", status=status))

    def _hand_over(self, sight: Sight) -> bool:
        try:
            self._sights.put_nowait(sight)
        except Full:
            self._count("discovery_dropped")
            return False
        self._wake()
        return True

    def _is_own(self, host: str, client: str) -> bool:
        """The host that most clients ask for: one that asks for another teaches nothing."""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if not name or name in _LOCAL:
            return True
        clients = self._hosts.setdefault(name, set()) if len(self._hosts) < 100 or name in self._hosts else set()
        if len(clients) < _CLIENTS:
            clients.add(client)
        return name == max(self._hosts, key=lambda one: len(self._hosts[one]))  # of several the first

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all offered so far is read; False past `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self._sights.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.005)
        return not self._sights.unfinished_tasks

    def stop(self, timeout: float = 1.0) -> None:
        """Take no more answers and let the thread end; unread ones are forgotten (they will be served again)."""
        self._stopped = True
        with suppress(Full):
            self._sights.put_nowait(None)
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
                sight = self._sights.get(timeout=_IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._sights.empty():
                        self._thread = None
                        return
                continue
            try:
                if sight is not None and not self._stopped:
                    if not self._is_ready:
                        self.learner.known.update(self._known())  # pages that were learnt before this process began
                        self._is_ready = True
                    self.learner.see(sight)
                    self._count("pages_read")
            except Exception:
                self._count("errors.discovery")
                log.exception("opsplug: a page could not be read for the catalogue")
            finally:
                self._sights.task_done()


def _hidden(robots: str) -> bool:
    tags = robots.lower()
    return "noindex" in tags or "none" in tags
