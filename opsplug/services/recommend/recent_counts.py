"""What was looked at and bought lately, counted on a little with every question, for an untrained shop."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from opsplug.events import TASTE
from opsplug.units import DAY

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

HALF_LIFE = 7 * DAY
FIRST_EVENTS, MORE_EVENTS = 5000, 500  # events counted by one call
PAUSE = 1.0  # seconds between two looks once all is counted
RESCALE = 50  # half-lives


class RecentCounts:
    """Taste weights by item, halved every seven days; each call reads on from where the last one stopped, a little."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._counts: dict[str, float] = {}
        self._after = 0  # id of the newest event that was counted or passed over
        self._since = 0.0  # epoch seconds: where an event weighs what its name says
        self._next = -math.inf
        self._lock = threading.Lock()

    def get(self) -> dict[str, float]:
        """Item id -> weight, relative to the newest event."""
        wait = self._next - self._clock()  # longer than it can be where the clock was set back
        if not 0 < wait <= PAUSE and self._lock.acquire(blocking=False):
            try:
                self._read(MORE_EVENTS if self._after else FIRST_EVENTS)
            finally:
                self._lock.release()
        return self._counts

    def _read(self, most: int) -> None:
        names = [name for name, weight in TASTE.items() if weight > 0]
        last = self._store.last_id()
        if last < self._after:  # another database stands there now
            self._counts, self._after = {}, 0
        rows = []
        if last > self._after:
            rows = next(iter(self._store.read_events(after_id=self._after, names=names, batch=most)), [])
        counts = dict(self._counts)
        for row, event in rows:
            self._after = row
            age = (event.timestamp / 1000 - self._since) / HALF_LIFE
            if age > RESCALE:
                counts = {item_id: count * 2.0 ** max(-age, -900) for item_id, count in counts.items()}
                self._since, age = event.timestamp / 1000, 0.0
            weight = TASTE[event.event] * 2.0 ** max(age, -900)
            for item in event.items:
                counts[item.item_id] = counts.get(item.item_id, 0.0) + weight
        self._counts = counts
        if len(rows) < most:
            self._after = max(last, self._after)
        self._next = self._clock() + (PAUSE if len(rows) < most else 0.0)
