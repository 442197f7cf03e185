"""`engine.insight`: what changed, what is broken, what will happen, what to do. Each answer is read from the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from opsplug.services.alerts import Alerts
from opsplug.services.series_read import Point, SeriesReader
from opsplug.training.notes import add_note

if TYPE_CHECKING:
    from opsplug.features.measures import Every
    from opsplug.settings import Settings
    from opsplug.store.protocol import Store


class Insight:
    """Safe to share between threads. `StoreError` when the store cannot be read."""

    def __init__(self, store: Callable[[], Store], settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    @cached_property
    def alerts(self) -> Alerts:
        return Alerts(self._store, self._settings, self._clock)

    def note(self, kind: str, text: str = "", at: float | None = None) -> None:
        """Remember that something happened (`note("deploy", "checkout 2.1")`): it is shown beside what changed then."""
        add_note(self._store(), kind, text, round((self._clock() if at is None else at) * 1000))

    def anomalies(self, days: int = 30) -> list[dict[str, Any]]:
        """Hours and days that were not as expected, newest first: `series`, `at`, `value`, `expected`, `lower`,
        `upper`, `tone`, `causes` (what explains most of it) and `notes` (what happened shortly before)."""
        reader = self.series_reader()
        until = min(self._clock(), reader.newest() + 86_400.0)
        return reader.alarms(until - days * 86_400.0)

    def series(self, name: str, every: Every = "day", days: int = 30) -> list[Point]:
        """The points of a measure (`orders`, `latency_p95 /checkout`; see `features.measures`)."""
        reader = self.series_reader()
        return reader.points(name, every, days, min(self._clock(), reader.newest() + 86_400.0))

    def series_reader(self) -> SeriesReader:
        return SeriesReader(self._store(), self._settings.timezone)
