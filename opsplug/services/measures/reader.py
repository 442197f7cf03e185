"""The stored series as points, for pages, previews and rules. Reads the days that are asked for and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsplug.features.daycells import DayCells
from opsplug.features.local_time import SlotClock, shifted
from opsplug.features.measures import Every, daily, hourly, measure_of
from opsplug.training.series.daily_series import PARTS, STATE, TOTALS
from opsplug.training.series.job import ALARM
from opsplug.units import HOUR

if TYPE_CHECKING:
    from opsplug.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Point:
    """One hour or day: from `at` to `end` (epoch seconds); NaN where nothing is known."""

    at: float
    end: float
    value: float


class SeriesReader:
    """Everything that the job `series` keeps, read-only."""

    def __init__(self, store: Store, timezone: str) -> None:
        self._store = store
        self.clock = SlotClock(timezone)

    def newest(self) -> float:
        """The time of the newest event that was read, epoch seconds; 0 before the first run."""
        state = self._store.get_document(STATE, "rollup")
        return state["newest_ms"] / 1000 if state else 0.0

    def currency(self) -> str:
        state = self._store.get_document(STATE, "rollup")
        return str(state["currency"]) if state else ""

    def days(self, last: str, count: int, *, parts: bool = False) -> dict[str, DayCells]:
        """The cells of `count` days up to `last`, oldest first; without `parts` only the totals."""
        found = {}
        for name in [shifted(last, -n) for n in range(count - 1, -1, -1)]:
            totals = self._store.get_document(TOTALS, name)
            found[name] = DayCells.from_documents(totals, self._store.get_document(PARTS, name) if parts else None)
        return found

    def points(self, series: str, every: Every, days: int, until: float) -> list[Point]:
        """The complete slots of a series in the `days` days that end with the day of `until`."""
        measure, route = measure_of(series)
        cells = self.days(self.clock.slot(int(until * 1000))[0], days, parts=measure.share > 0)
        state = self._store.get_document(STATE, "rollup")
        first = state["first_day"] if state else "9999"
        found = []
        for name, day in cells.items():
            if name < first:
                continue
            start, slots = self.clock.bounds(name)
            if every == "day":
                spans = [(start, start + slots * HOUR, daily(measure, day, route))]
            else:
                values = hourly(measure, day, slots, route)
                spans = [(start + n * HOUR, start + (n + 1) * HOUR, values[n]) for n in range(slots)]
            found += [Point(*span) for span in spans if span[1] + measure.lag * HOUR <= until]
        return found

    def alarms(self, since: float, until: float = math.inf) -> list[dict[str, Any]]:
        """Alarms whose slot began in this span, newest first, each with its `key`."""
        found = [
            {**alarm, "key": key}
            for key, alarm in self._store.documents(ALARM)
            if since <= float(key.partition("/")[0]) < until
        ]
        return sorted(found, key=lambda alarm: (-alarm["at"], alarm["series"]))

    def alarm(self, key: str) -> dict[str, Any] | None:
        found = self._store.get_document(ALARM, key)
        return {**found, "key": key} if found else None


def item_names(records: Mapping[str, Mapping[str, Any]], item_id: str) -> str:
    """What people call an item."""
    return str(records.get(item_id, {}).get("item_name") or item_id)
