"""The detectors over all series: each finished hour and day is looked at once, in order."""

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
from opsplug.models.series.outage import Stillness
from opsplug.models.series.significance import notable
from opsplug.training.series.data_gaps import SILENCE, Silence
from opsplug.units import HOUR

if TYPE_CHECKING:
    from opsplug.store.protocol import Store
    from opsplug.training.series.daily_series import SeriesBook

DETECTOR: Final = "detector"  # document kind; keys are EVERY/SERIES
ROUTE_DAYS: Final = 28
_STILL: Final = ("page_views", "orders")
# What must have been seen before a series begins: that of errors begins with the first request, not the first error.
_NEEDS: Final = {
    "errors": "requests", "js_errors": "page_views", "zero_searches": "searches", "refunds": "orders",
    "payment_errors": "orders", "bots": "requests", "latency_p50": "requests", "latency_p95": "requests",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Strange:
    """One point that no one expected."""

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
class _Watched:
    """A series, its detector and the moment up to which it was looked at."""

    series: str
    every: Every
    measure: Measure
    route: str
    done: float = 0.0  # epoch seconds; the end of the last slot
    detector: StreamingDetector = field(default_factory=StreamingDetector)
    still: Stillness = field(default_factory=Stillness)
    episode: Episode = field(default_factory=Episode)
    sale: str = ""  # the last day of a sale that was announced


class Watch:
    """`look(until)` goes on where the last run ended."""

    def __init__(self, store: Store, book: SeriesBook, calendar: Calendar) -> None:
        self._store = store
        self._book = book
        self._calendar = calendar
        self._clock: SlotClock = book.clock
        self._watched = {key: _restored(key, document) for key, document in store.documents(DETECTOR)}
        self._silence = Silence(book)
        self._arrivals = RollupState()
        self._first_day = ""

    def look(
        self, first_day: str, until: float, newest: float, arrivals: RollupState | None = None
    ) -> Iterator[Strange]:
        """The strange points of the slots that ended by `until` (epoch seconds). `newest` is the last event's time:
        when nothing has come for two days, nothing is said about them. `arrivals` knows what comes late in bulk."""
        self._arrivals = arrivals or RollupState()
        if newest and until - newest > SILENCE:
            until = newest
        self._first_day = first_day
        last_day = self._clock.slot(int(until * 1000))[0]
        self._add_routes(last_day, first_day)
        begin = min((self._clock.slot(int(w.done * 1000))[0] for w in self._watched.values() if w.done), default="")
        for day in self._clock.days(max(first_day, begin), last_day):
            cells = self._book.look(day)
            self._begin_series(day, cells)
            silent = self._silence.hours(day, cells, until)
            for watched in list(self._watched.values()):
                if watched.every == "hour":
                    yield from self._hours(watched, day, cells, silent, until)
                else:
                    yield from self._day(watched, day, cells, silent, until)
            self._book.shrink()

    def documents(self) -> list[tuple[str, str, Any]]:
        """The state of all detectors, to be stored."""
        return [
            (
                DETECTOR,
                key,
                {
                    "done": watched.done,
                    "state": watched.detector.to_dict(),
                    "still": watched.still.to_dict(),
                    "episode": watched.episode.to_dict(),
                    "sale": watched.sale,
                },
            )
            for key, watched in self._watched.items()
        ]

    # ------------------------------------------------------------------ which series there are

    def _begin_series(self, day: str, cells: DayCells) -> None:
        """A measure is watched from the first day on which it could have been anything but nothing."""
        start = self._clock.bounds(day)[0]
        for measure in MEASURES:
            need = _NEEDS.get(measure.name, measure.whole or measure.part)
            key = f"hour/{measure.name}"
            if key not in self._watched and any(cells.total(need)):
                self._watched[key] = _Watched(measure.name, "hour", measure, "", start)
                self._watched[f"day/{measure.name}"] = _Watched(measure.name, "day", measure, "", start)

    def _add_routes(self, last_day: str, first_day: str) -> None:
        known = {watched.route for watched in self._watched.values() if watched.route}
        week = [day for n in range(7) if (day := shifted(last_day, -n)) >= first_day]
        for route in busiest_routes({day: self._book.look(day) for day in week}):
            if route not in known:
                start = self._clock.bounds(max(first_day, shifted(last_day, -ROUTE_DAYS)))[0]
                series = f"{ROUTE_MEASURE} {route}"
                measure = measure_of(series)[0]
                self._watched[f"hour/{series}"] = _Watched(series, "hour", measure, route, start)

    # ------------------------------------------------------------------ looking

    def _hours(
        self, watched: _Watched, day: str, cells: DayCells, silent: list[bool], until: float
    ) -> Iterator[Strange]:
        start, slots = self._clock.bounds(day)
        if watched.done >= start + slots * HOUR:
            return
        until = complete_until(self._arrivals, watched.measure.part, until)
        measure, values = watched.measure, hourly(watched.measure, cells, slots, watched.route)
        for slot in range(slots):
            at = start + slot * HOUR
            if at < watched.done or at + (1 + measure.lag) * HOUR > until:
                continue
            watched.done = at + HOUR
            if not silent[slot] and math.isfinite(values[slot]):
                whole = weight(measure, cells, slot) if measure.whole else 0.0
                strange = self._score(watched, day, slot, at, at + HOUR, values[slot], whole)
                still = self._stillness(watched, day, slot, at, values[slot], strange is not None)
                found = strange or still
                if found is not None:
                    yield found

    def _stillness(self, watched: _Watched, day: str, slot: int, at: float, value: float, told: bool) -> Strange | None:
        """Page views and orders that stay away, however slowly it began."""
        measure, still = watched.measure, watched.still
        if measure.name not in _STILL or self._calendar.kind_of(day) == "holiday":
            return None
        past = (
            [name for back in (7, 14, 21, 28) if (name := shifted(day, -back)) >= self._first_day] if not value else []
        )
        weeks = [self._book.look(name).total(measure.part)[slot] for name in past]
        news = still.update(value, weeks)
        still.told = still.told or (told and value <= 0)
        spread = 4.5 * math.sqrt(still.expected)
        lower, upper = max(still.expected - spread, 1.0), still.expected + spread
        if not news or told or not watched.episode.is_news(True, 0.0, still.expected, lower, upper):
            return None
        return Strange(
            watched.series, "hour", day, slot, at - (still.hours - 1) * HOUR, at + HOUR, 0.0, still.expected,
            lower, upper, 0.9, False,
        )  # fmt: skip

    def _day(self, watched: _Watched, day: str, cells: DayCells, silent: list[bool], until: float) -> Iterator[Strange]:
        start, slots = self._clock.bounds(day)
        end = start + slots * HOUR
        until = complete_until(self._arrivals, watched.measure.part, until)
        if start < watched.done or end + (1 + watched.measure.lag) * HOUR > until:
            return
        watched.done = end
        value = daily(watched.measure, cells, watched.route)
        if any(silent) or not math.isfinite(value):
            return
        whole = weight(watched.measure, cells) if watched.measure.whole else 0.0
        strange = self._score(watched, day, 0, start, end, value, whole)
        if strange is not None:
            yield strange

    def _score(
        self, watched: _Watched, day: str, slot: int, at: float, end: float, value: float, whole: float
    ) -> Strange | None:
        measure = watched.measure
        kind = self._calendar.kind_of(day) if measure.event else None
        result = watched.detector.update(self._clock.start(day, slot), value, special=kind is not None)
        up = value > result.expected
        if kind is not None:
            # A holiday explains less, and more is welcome; a sale explains more, and less is news once a day.
            news = kind == "sale" and watched.detector.seen > 60 and value < result.lower and watched.sale != day
            watched.sale = day if news else watched.sale
        else:
            news = watched.episode.is_news(result.is_anomaly, value, result.expected, result.lower, result.upper)
        if not news or (measure.bad == "up" and not up) or not notable(measure.unit, value, result.expected, whole):
            return None
        return Strange(
            watched.series, watched.every, day, slot, at, end, value, *_possible(measure, result), result.score, up,
        )  # fmt: skip


def _possible(measure: Measure, result: AnomalyScore) -> tuple[float, float, float]:
    """Expected value and interval; only a mood can be below nothing."""
    floor = -math.inf if measure.unit == "score" else 0.0
    return max(result.expected, floor), max(result.lower, floor), max(result.upper, floor)


def _restored(key: str, document: dict[str, Any]) -> _Watched:
    every, _, series = key.partition("/")
    measure, route = measure_of(series)
    detector = StreamingDetector.from_dict(document["state"])
    still = Stillness.from_dict(document["still"])
    return _Watched(
        series,
        "hour" if every == "hour" else "day",
        measure,
        route,
        document["done"],
        detector,
        still,
        Episode(**document.get("episode", {})),
        document["sale"],
    )
