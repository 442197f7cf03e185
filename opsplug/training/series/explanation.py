"""Why a point is an anomaly: the parts that explain most of it, and what happened shortly before."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from opsplug.features.daycells import REST, DayCells, share_above
from opsplug.features.local_time import shifted
from opsplug.features.measures import Measure, measure_of
from opsplug.models.series.breakdown import Cause, explain, explain_ratio
from opsplug.training.series.annotations import notes_between
from opsplug.units import HOUR

if TYPE_CHECKING:
    from opsplug.features.calendar import Calendar
    from opsplug.store.protocol import Store
    from opsplug.training.series.daily_series import SeriesBook
    from opsplug.training.series.detection import SeriesAnomaly

BEFORE: Final = {"hour": 6 * HOUR, "day": 30 * HOUR}  # how long before an anomaly a note may explain it
WEEKS, DAYS = (7, 14, 21, 28), (1, 2, 3, 4, 5, 6)  # what a slot is compared with: its own weekday, else the days before
_NOTES: Final = 3


class Explainer:
    """Reads the parts of the anomalous slot and of the same slot in the weeks before."""

    def __init__(self, store: Store, book: SeriesBook, calendar: Calendar, first_day: str) -> None:
        self._store = store
        self._book = book
        self._calendar = calendar
        self._first_day = first_day

    def alarm(self, anomaly: SeriesAnomaly) -> dict[str, Any]:
        """The document of an alarm."""
        measure, route = measure_of(anomaly.series)
        causes = [] if route else self._causes(measure, anomaly)
        bad = measure.bad == "both" or (measure.bad == "up") == anomaly.up
        good = not bad and measure.name in ("orders", "revenue", "conversion", "click_through", "sentiment")
        return {
            **asdict(anomaly),
            "measure": measure.name,
            "route": route,
            "unit": measure.unit,
            "tone": "worse" if bad else "better" if good else "watch",
            "causes": [[asdict(cause) for cause in group] for group in causes],
            "notes": self._notes(anomaly, causes),
        }

    def _causes(self, measure: Measure, anomaly: SeriesAnomaly) -> list[list[Cause]]:
        now = self._book.cells(anomaly.day)
        past = [self._book.cells(day) for day in self._past_days(anomaly)]
        slot = None if anomaly.every == "day" else anomaly.slot
        if not past:
            return []
        if measure.share:
            return explain({"route": self._slow(now, past, slot, anomaly.expected)})
        names = measure.dimensions
        if not measure.whole:
            expected = anomaly.expected
            return explain({name: _pairs(measure.part, name, now, past, slot, expected) for name in names})
        quads = {}
        for name in names:
            part = _pairs(measure.part, name, now, past, slot, None)
            whole = _pairs(measure.whole, name, now, past, slot, None)
            quads[name] = {
                value: (*part.get(value, (0.0, 0.0)), *whole.get(value, (0.0, 0.0))) for value in {*part, *whole}
            }
        return explain_ratio(quads)

    def _past_days(self, anomaly: SeriesAnomaly) -> list[str]:
        """Up to four comparable days: the same weekday before, else the days before; no sales or holidays."""
        for backs in (WEEKS, DAYS):
            days = [shifted(anomaly.day, -back) for back in backs]
            days = [day for day in days if day >= self._first_day and self._calendar.kind_of(day) is None]
            days = [day for day in days if any(self._book.cells(day).total("alive"))]
            if len(days) >= 2:
                return days
        return []

    def _slow(
        self, now: DayCells, past: list[DayCells], slot: int | None, expected_ms: float
    ) -> dict[str, tuple[float, float]]:
        """Requests slower than the expected quantile, by route: how many there were, how many were expected."""
        found = {}
        for route in now.parts.get("latency", {}):
            slow, count = share_above(_spread([now], route, slot), expected_ms)
            slow_before, count_before = share_above(_spread(past, route, slot), expected_ms)
            found[route] = (slow, count * slow_before / count_before if count_before else 0.0)
        return found

    def _notes(self, anomaly: SeriesAnomaly, causes: list[list[Cause]]) -> list[dict[str, Any]]:
        """Deploys and other changes, the nearest first; of price changes those of things that are among the causes."""
        named = {cause.value for group in causes for cause in group if cause.dimension == "product"}
        found = notes_between(self._store, anomaly.at - BEFORE[anomaly.every], anomaly.end)
        fitting = [note for note in found if note["kind"] != "price" or note.get("many") or named & set(note["items"])]
        fitting.sort(key=lambda note: abs(note["at"] - anomaly.at))
        return [{key: note[key] for key in note if key != "items"} for note in fitting[:_NOTES]]


def _pairs(
    measure: str, dimension: str, now: DayCells, past: list[DayCells], slot: int | None, expected: float | None
) -> dict[str, tuple[float, float]]:
    """(actual, expected) of each value. What is expected are the shares of the past, scaled to `expected` if given."""
    actual = _amounts(now.part(measure, dimension), slot)
    before: dict[str, float] = {}
    for cells in past:
        for value, amount in _amounts(cells.part(measure, dimension), slot).items():
            before[value] = before.get(value, 0.0) + amount / len(past)
    total = sum(before.values())
    scale = expected / total if expected is not None and total > 0 else 1.0
    if expected is not None and dimension == "product" and measure == "orders":
        scale = 1.0  # an order has several products: their counts do not add up to the orders
    return {value: (actual.get(value, 0.0), before.get(value, 0.0) * scale) for value in {*actual, *before} - {REST}}


def _amounts(values: dict[str, dict[int, float]], slot: int | None) -> dict[str, float]:
    if slot is None:
        return {value: sum(slots.values()) for value, slots in values.items()}
    return {value: slots[slot] for value, slots in values.items() if slots.get(slot)}


def _spread(days: list[DayCells], route: str, slot: int | None) -> dict[str, float]:
    found: dict[str, float] = {}
    for cells in days:
        for name, amount in _amounts(cells.parts.get("latency", {}).get(route, {}), slot).items():
            found[name] = found.get(name, 0.0) + amount
    return found
