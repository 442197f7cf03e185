"""Anomaly detection over all series: each finished hour and day is scored once, in order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from opsplug.features.calendar import Calendar
from opsplug.features.daycells import DayCells
from opsplug.features.local_time import SlotClock, shifted
from opsplug.features.measures import (
    MEASURES,
    ROUTE_MEASURE,
    Every,
    Measure,
    busiest_routes,
    daily,
    hourly,
    measure_of,
    weight,
)  # fmt: skip
from opsplug.features.series import RollupState, complete_until
from opsplug.models.anomaly import AnomalyScore, StreamingDetector
from opsplug.models.series.episode import Episode
from opsplug.models.series.outage import OutageDetector
from opsplug.models.series.significance import is_practically_significant
from opsplug.training.series.data_gaps import MIN_GAP, DataGaps
from opsplug.units import HOUR

if TYPE_CHECKING:
    from opsplug.store.protocol import Store
    from opsplug.training.series.daily_series import SeriesBook

DETECTOR: Final = "detector"  # document kind; keys are EVERY/SERIES
ROUTE_DAYS: Final = 28
_OUTAGE_MEASURES: Final = ("page_views", "orders")
# What must have been seen before a series begins: that of errors begins with the first request, not the first error.
_NEEDS: Final = {
    "errors": "requests", "js_errors": "page_views", "zero_searches": "searches", "refunds": "orders",
    "payment_errors": "orders", "bots": "requests", "latency_p50": "requests", "latency_p95": "requests",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeriesAnomaly:
    """One anomalous point of a series, with its expected value and interval."""

    series: str
    every: Every
    day: str
    slot: int
    at: float
    end: float
    value: float
    expected: float
    lower: float
    upper: float
    score: float
    up: bool


@dataclass(slots=True)
class _Monitored:
    """A series, its detector and the moment up to which it was scored."""

    series: str
    every: Every
    measure: Measure
    route: str
    done: float = 0.0  # epoch seconds; the end of the last slot
    detector: StreamingDetector = field(default_factory=StreamingDetector)
    outage: OutageDetector = field(default_factory=OutageDetector)
    episode: Episode = field(default_factory=Episode)
    sale: str = ""  # the last day of a sale that was announced


class SeriesDetectors:
    """`detect(..., until)` goes on where the last run ended."""

    def __init__(self, store: Store, book: SeriesBook, calendar: Calendar) -> None:
        self._store = store
        self._book = book
        self._calendar = calendar
        self._clock: SlotClock = book.clock
        self._monitored = {key: _restored(key, document) for key, document in store.documents(DETECTOR)}
        self._data_gaps = DataGaps(book)
        self._arrivals = RollupState()
        self._first_day = ""

    def detect(
        self, first_day: str, until: float, newest: float, arrivals: RollupState | None = None
    ) -> Iterator[SeriesAnomaly]:
        """The anomalies of the slots that ended by `until` (epoch seconds). `newest` is the last event's time:
        a gap of two days or more is not scored. `arrivals` knows what comes late in bulk."""
        self._arrivals = arrivals or RollupState()
        if newest and until - newest > MIN_GAP:
            until = newest
        self._first_day = first_day
        last_day = self._clock.slot(int(until * 1000))[0]
        self._add_routes(last_day, first_day)
        begin = min((self._clock.slot(int(w.done * 1000))[0] for w in self._monitored.values() if w.done), default="")
        for day in self._clock.days(max(first_day, begin), last_day):
            cells = self._book.cells(day)
            self._begin_series(day, cells)
            unknown = self._data_gaps.hours(day, cells, until)
            for monitored in list(self._monitored.values()):
                if monitored.every == "hour":
                    yield from self._hours(monitored, day, cells, unknown, until)
                else:
                    yield from self._day(monitored, day, cells, unknown, until)
            self._book.shrink()

    def documents(self) -> list[tuple[str, str, Any]]:
        """The state of all detectors, to be stored."""
        return [
            (
                DETECTOR,
                key,
                {
                    "done": monitored.done,
                    "state": monitored.detector.to_dict(),
                    "still": monitored.outage.to_dict(),
                    "episode": monitored.episode.to_dict(),
                    "sale": monitored.sale,
                },
            )
            for key, monitored in self._monitored.items()
        ]

    # ------------------------------------------------------------------ which series there are

    def _begin_series(self, day: str, cells: DayCells) -> None:
        """A measure is watched from the first day on which it could have been anything but nothing."""
        start = self._clock.bounds(day)[0]
        for measure in MEASURES:
            need = _NEEDS.get(measure.name, measure.whole or measure.part)
            key = f"hour/{measure.name}"
            if key not in self._monitored and any(cells.total(need)):
                self._monitored[key] = _Monitored(measure.name, "hour", measure, "", start)
                self._monitored[f"day/{measure.name}"] = _Monitored(measure.name, "day", measure, "", start)

    def _add_routes(self, last_day: str, first_day: str) -> None:
        known = {monitored.route for monitored in self._monitored.values() if monitored.route}
        week = [day for n in range(7) if (day := shifted(last_day, -n)) >= first_day]
        for route in busiest_routes({day: self._book.cells(day) for day in week}):
            if route not in known:
                start = self._clock.bounds(max(first_day, shifted(last_day, -ROUTE_DAYS)))[0]
                series = f"{ROUTE_MEASURE} {route}"
                measure = measure_of(series)[0]
                self._monitored[f"hour/{series}"] = _Monitored(series, "hour", measure, route, start)

    # ------------------------------------------------------------------ scoring

    def _hours(
        self, monitored: _Monitored, day: str, cells: DayCells, unknown: list[bool], until: float
    ) -> Iterator[SeriesAnomaly]:
        start, slots = self._clock.bounds(day)
        if monitored.done >= start + slots * HOUR:
            return
        until = complete_until(self._arrivals, monitored.measure.part, until)
        measure, values = monitored.measure, hourly(monitored.measure, cells, slots, monitored.route)
        for slot in range(slots):
            at = start + slot * HOUR
            if at < monitored.done or at + (1 + measure.lag) * HOUR > until:
                continue
            monitored.done = at + HOUR
            if not unknown[slot] and math.isfinite(values[slot]):
                whole = weight(measure, cells, slot) if measure.whole else 0.0
                anomaly = self._score(monitored, day, slot, at, at + HOUR, values[slot], whole)
                outage = self._outage(monitored, day, slot, at, values[slot], anomaly is not None)
                found = anomaly or outage
                if found is not None:
                    yield found

    def _outage(
        self, monitored: _Monitored, day: str, slot: int, at: float, value: float, reported: bool
    ) -> SeriesAnomaly | None:
        """An outage: no page views or orders at all, however slowly it began."""
        measure, outage = monitored.measure, monitored.outage
        if measure.name not in _OUTAGE_MEASURES or self._calendar.kind_of(day) == "holiday":
            return None
        past = (
            [name for back in (7, 14, 21, 28) if (name := shifted(day, -back)) >= self._first_day] if not value else []
        )
        weeks = [self._book.cells(name).total(measure.part)[slot] for name in past]
        is_new = outage.update(value, weeks)
        outage.reported = outage.reported or (reported and value <= 0)
        spread = 4.5 * math.sqrt(outage.expected)
        lower, upper = max(outage.expected - spread, 1.0), outage.expected + spread
        if not is_new or reported or not monitored.episode.is_news(True, 0.0, outage.expected, lower, upper):
            return None
        return SeriesAnomaly(
            monitored.series, "hour", day, slot, at - (outage.hours - 1) * HOUR, at + HOUR, 0.0, outage.expected,
            lower, upper, 0.9, False,
        )  # fmt: skip

    def _day(
        self, monitored: _Monitored, day: str, cells: DayCells, unknown: list[bool], until: float
    ) -> Iterator[SeriesAnomaly]:
        start, slots = self._clock.bounds(day)
        end = start + slots * HOUR
        until = complete_until(self._arrivals, monitored.measure.part, until)
        if start < monitored.done or end + (1 + monitored.measure.lag) * HOUR > until:
            return
        monitored.done = end
        value = daily(monitored.measure, cells, monitored.route)
        if any(unknown) or not math.isfinite(value):
            return
        whole = weight(monitored.measure, cells) if monitored.measure.whole else 0.0
        anomaly = self._score(monitored, day, 0, start, end, value, whole)
        if anomaly is not None:
            yield anomaly

    def _score(
        self, monitored: _Monitored, day: str, slot: int, at: float, end: float, value: float, whole: float
    ) -> SeriesAnomaly | None:
        measure = monitored.measure
        kind = self._calendar.kind_of(day) if measure.event else None
        result = monitored.detector.update(self._clock.start(day, slot), value, special=kind is not None)
        up = value > result.expected
        if kind is not None:
            # A holiday explains less, and more is welcome; a sale explains more, and less is news once a day.
            is_new = kind == "sale" and monitored.detector.seen > 60 and value < result.lower and monitored.sale != day
            monitored.sale = day if is_new else monitored.sale
        else:
            is_new = monitored.episode.is_news(result.is_anomaly, value, result.expected, result.lower, result.upper)
        if (
            not is_new
            or (measure.bad == "up" and not up)
            or not is_practically_significant(measure.unit, value, result.expected, whole)
        ):
            return None
        return SeriesAnomaly(
            monitored.series, monitored.every, day, slot, at, end, value, *_possible(measure, result), result.score, up,
        )  # fmt: skip


def _possible(measure: Measure, result: AnomalyScore) -> tuple[float, float, float]:
    """Expected value and interval; only a sentiment can be below zero."""
    floor = -math.inf if measure.unit == "score" else 0.0
    return max(result.expected, floor), max(result.lower, floor), max(result.upper, floor)


def _restored(key: str, document: dict[str, Any]) -> _Monitored:
    every, _, series = key.partition("/")
    measure, route = measure_of(series)
    detector = StreamingDetector.from_dict(document["state"])
    outage = OutageDetector.from_dict(document["still"])
    return _Monitored(
        series,
        "hour" if every == "hour" else "day",
        measure,
        route,
        document["done"],
        detector,
        outage,
        Episode(**document.get("episode", {})),
        document["sale"],
    )
