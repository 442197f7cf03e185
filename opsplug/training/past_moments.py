"""Two questions about a visitor, asked at past moments whose answers are known by now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsplug.features.shoplog import ShopLog
from opsplug.features.visitors import NAMES, VisitorFeatures, bought_between, visitor_features
from opsplug.units import DAY

Array = NDArray[np.float64]
MOMENTS, STEP_DAYS = 9, 15.0


@dataclass(frozen=True, slots=True)
class Question:
    """`horizon` in days; `buyers`: asked of those who have bought only; `turned`: the answer is that they do not."""

    name: str
    horizon: float
    buyers: bool
    turned: bool


BUYS: Final = Question("buys", 30.0, buyers=False, turned=False)
CHURN: Final = Question("churn", 90.0, buyers=True, turned=True)


def questions(log: ShopLog) -> tuple[Question, Question]:
    """A young shop asks about half a season: three horizons must have passed before an answer can be judged."""
    days = (log.newest - log.oldest) / DAY
    return BUYS, CHURN if days >= 3 * CHURN.horizon else replace(CHURN, horizon=CHURN.horizon / 2)


@dataclass(frozen=True, slots=True)
class Rows:
    """Visitors at past moments, with the answer: `moments` are epoch seconds."""

    matrix: Array
    labels: NDArray[np.bool_]
    visitors: NDArray[np.int32]
    moments: Array

    def take(self, rows: NDArray[Any]) -> Rows:
        return Rows(self.matrix[rows], self.labels[rows], self.visitors[rows], self.moments[rows])


class Past:
    """The log, and what was known at moments that were asked for: both questions ask the same ones."""

    def __init__(self, log: ShopLog) -> None:
        self.log = log
        self._known: dict[float, VisitorFeatures] = {}

    def features(self, moment: float, buyers: bool) -> VisitorFeatures:
        known = self._known.get(moment)
        if known is None:
            known = self._known[moment] = visitor_features(self.log, moment)
        return known.take(known.column("orders") > 0) if buyers else known


def columns(matrix: Array) -> dict[str, Array]:
    return dict(zip(NAMES, matrix.T, strict=True))


def rows_at(past: Past, moments: list[float], question: Question, horizon: float) -> Rows:
    """What was known at each moment, and what happened in the `horizon` days after it."""
    parts = []
    for moment in moments:
        known = past.features(moment, question.buyers)
        bought = bought_between(past.log, known.visitors, moment, moment + horizon * DAY)
        parts.append((known.matrix, bought ^ question.turned, known.visitors, np.full(len(bought), moment)))
    return Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def moments_before(log: ShopLog, now: float, horizon: float) -> list[float]:
    """Up to nine moments whose answer was known at `now`, oldest first, none before the shop had visitors a month."""
    found = [now - horizon * DAY - back * STEP_DAYS * DAY for back in range(MOMENTS)]
    return [moment for moment in found[::-1] if moment >= log.oldest + min(30.0, horizon / 3) * DAY]
