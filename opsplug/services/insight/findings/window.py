"""The week that is looked at and the four weeks before, as counts by measure, dimension and value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsplug.features.daycells import REST, DayCells
from opsplug.features.local_time import SlotClock, shifted
from opsplug.services.measures.reader import SeriesReader
from opsplug.units import HOUR

WEEK, BEFORE = 7, 28  # days

Counts = Mapping[str, float]


@dataclass(slots=True)
class Window:
    """`now` and `before` give counts by value; `items` is the catalogue, `clock` the shop's."""

    week: Mapping[str, DayCells]
    past: Mapping[str, DayCells]
    clock: SlotClock
    items: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, reader: SeriesReader, until: float, items: Mapping[str, Mapping[str, Any]]) -> Window:
        """The seven days that end with the day of `until` (epoch seconds)."""
        last = reader.clock.slot(round(until * 1000))[0]
        return cls(
            reader.days(last, WEEK, parts=True),
            reader.days(shifted(last, -WEEK), BEFORE, parts=True),
            reader.clock,
            items,
        )

    def now(self, measure: str, dimension: str) -> dict[str, float]:
        return _sum(self.week, measure, dimension)

    def before(self, measure: str, dimension: str) -> dict[str, float]:
        return _sum(self.past, measure, dimension)

    def total(self, measure: str) -> float:
        return sum(sum(cells.total(measure)) for cells in self.week.values())

    def hours(self, measure: str, dimension: str, value: str) -> dict[float, float]:
        """The week's amounts of one value by the hour's beginning (epoch seconds)."""
        found: dict[float, float] = {}
        for day, cells in self.week.items():
            start = self.clock.bounds(day)[0]
            for slot, amount in cells.part(measure, dimension).get(value, {}).items():
                found[start + slot * HOUR] = amount
        return found

    def durations(self, route: str, past: bool = False, since: float = 0.0, measure: str = "latency") -> Counts:
        """How long a route took: amounts by bucket, of the week (from `since` on) or of the four weeks before."""
        found: dict[str, float] = {}
        for day, cells in (self.past if past else self.week).items():
            start = self.clock.bounds(day)[0]
            for name, slots in cells.part(measure, route).items():
                amount = sum(a for slot, a in slots.items() if start + slot * HOUR >= since)
                if amount:
                    found[name] = found.get(name, 0.0) + amount
        return found

    def routes(self) -> list[str]:
        """All routes that answered this week."""
        return sorted({route for cells in self.week.values() for route in cells.parts.get("latency", {})} - {REST})


Look = Callable[[Window], list[Any]]


def _sum(days: Mapping[str, DayCells], measure: str, dimension: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for cells in days.values():
        for value, slots in cells.part(measure, dimension).items():
            if value != REST:
                found[value] = found.get(value, 0.0) + sum(slots.values())
    return found
