"""Events to hourly and daily series: gaps filled, on the shop's own clock, late events folded in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
EARLIEST, LATEST = 946684800.0, 4102444800.0  # 2000 to 2100: a clock outside is wrong
LONGEST = 200_000  # slots; a series longer than this is a clock error too


@dataclass(frozen=True, slots=True)
class Series:
    """Equally spaced on the shop's clock: `starts` (aware datetimes, one a slot) and `values`. `dropped` counts the
    events whose time could not be right."""

    starts: list[datetime]
    values: Array
    dropped: int = 0


def make_series(
    times: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    every: Literal["hour", "day"] = "day",
    timezone: str = "UTC",
    start: float | None = None,
    end: float | None = None,
) -> Series:
    """Sum `weights` (or count) of events at `times` (epoch seconds, any order) by hour or day of `timezone`.

    Empty slots hold 0. A day has 23 or 25 hours when the clocks change, and still is one day. `start` and `end`
    (epoch seconds) extend or cut the range; by default it runs from the first event's slot to the last one's."""
    when = np.asarray(times, dtype=float).ravel()
    amount = np.ones(len(when)) if weights is None else np.asarray(weights, dtype=float).ravel()
    good = np.isfinite(when) & (when >= EARLIEST) & (when < LATEST) & np.isfinite(amount)
    dropped = int((~good).sum())
    when, amount = when[good], amount[good]
    if start is None and end is None and not len(when):
        return Series([], np.empty(0), dropped)
    first = start if start is not None else float(when.min()) if len(when) else float(end or 0.0)
    last = end if end is not None else float(when.max()) + 1e-3 if len(when) else first
    starts = _slots(first, last, every, ZoneInfo(timezone))
    edges = np.array([slot.timestamp() for slot in starts])
    if len(edges) < 2:
        return Series([], np.empty(0), dropped)
    place = np.searchsorted(edges, when, side="right") - 1
    inside = (place >= 0) & (place < len(edges) - 1)
    values = np.bincount(place[inside], weights=amount[inside], minlength=len(edges) - 1)
    return Series(starts[:-1], values.astype(float), dropped)


def ratio(part: Series, whole: Series, least: float = 1.0) -> Series:
    """`part` over `whole` slot by slot (a conversion rate); NaN where `whole` is below `least`, for few say nothing."""
    values = np.full(len(whole.values), np.nan)
    known = whole.values >= max(least, 1e-12)
    values[known] = part.values[known] / whole.values[known]
    return Series(whole.starts, values, part.dropped + whole.dropped)


def fold(series: Series, late_times: ArrayLike, late_weights: ArrayLike | None = None) -> Series:
    """The series with events that arrived after it was made; those outside its slots are counted as dropped."""
    when = np.asarray(late_times, dtype=float).ravel()
    amount = np.ones(len(when)) if late_weights is None else np.asarray(late_weights, dtype=float).ravel()
    if not series.starts:
        return Series([], series.values, series.dropped + len(when))
    edges = np.array([slot.timestamp() for slot in series.starts])
    step = timedelta(hours=1) if len(edges) < 2 or edges[1] - edges[0] <= 3600 else timedelta(days=1)
    end = (series.starts[-1] + step).timestamp()
    good = np.isfinite(when) & np.isfinite(amount) & (when >= edges[0]) & (when < end)
    values = series.values.copy()
    np.add.at(values, np.searchsorted(edges, when[good], side="right") - 1, amount[good])
    return Series(series.starts, values, series.dropped + int((~good).sum()))


def _slots(first: float, last: float, every: Literal["hour", "day"], zone: ZoneInfo) -> list[datetime]:
    """The starts of all slots that hold `first` up to `last`, and one more to close the last slot."""
    if every == "hour":
        offset = datetime.fromtimestamp(first, zone).utcoffset() or timedelta()
        base = (first + offset.total_seconds()) // 3600 * 3600 - offset.total_seconds()
        count = min(int(max(np.ceil((last - base) / 3600), 0)), LONGEST)
        return [datetime.fromtimestamp(base + 3600 * i, zone) for i in range(count + 1)]
    slots = [datetime.fromtimestamp(first, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)]
    while slots[-1].timestamp() < last and len(slots) <= LONGEST:
        slots.append(slots[-1] + timedelta(days=1))  # wall clock arithmetic: midnight to midnight
    return slots
