"""Retention: of those who first bought in one month, how many bought again in each month after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opsplug.features.shoplog import BUY, ShopLog
from opsplug.units import DAY

MOST: Final = 12  # newest cohorts that are shown
YOUNG_DAYS: Final = 120  # of a log this short, weeks say more than months


@dataclass(frozen=True, slots=True)
class Cohort:
    """`label` is a month (2011-03) or the Monday of a week; `kept[n]` how many of `size` bought n periods later, the
    last period still running."""

    label: str
    size: int
    kept: list[int]


def cohorts(log: ShopLog) -> tuple[str, list[Cohort]]:
    """("month" or "week", oldest first)."""
    bought = log.of_kind(BUY)
    bought = bought.take(np.flatnonzero(bought.visitors >= 0))
    if not len(bought):
        return "month", []
    unit = "week" if bought.newest - bought.oldest < YOUNG_DAYS * DAY else "month"
    period = _periods(bought.times, unit)
    first = np.full(len(bought.visitor_ids), np.iinfo(np.int64).max)
    np.minimum.at(first, bought.visitors, period)
    pairs = np.unique(np.column_stack([bought.visitors.astype(np.int64), period]), axis=0)
    start, later = first[pairs[:, 0]], pairs[:, 1] - first[pairs[:, 0]]
    newest = int(period.max())
    found = []
    for begin in np.unique(start).tolist()[-MOST:]:
        kept = np.bincount(later[start == begin], minlength=newest - begin + 1)
        found.append(Cohort(_label(begin, unit), int(kept[0]), kept.tolist()))
    return unit, found


def _periods(times: NDArray[np.float64], unit: str) -> NDArray[np.int64]:
    seconds = times.astype("datetime64[s]")
    if unit == "month":
        return seconds.astype("datetime64[M]").astype(np.int64)
    return (seconds.astype("datetime64[D]").astype(np.int64) + 3) // 7  # day 0 was a Thursday; weeks begin on Mondays


def _label(period: int, unit: str) -> str:
    if unit == "month":
        return str(np.datetime64(period, "M"))
    return str(np.datetime64(period * 7 - 3, "D"))
