"""Recency, frequency, value and behaviour of each visitor at a moment, from the shop's log as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsplug.features.shoplog import BUY, CART, RETURN, VIEW, ShopLog
from opsplug.units import DAY

Array = NDArray[np.float64]
NAMES = (
    "recency_days",
    "orders",
    "value",
    "tenure_days",
    "mean_order",
    "largest_order",
    "mean_gap_days",
    "gap_spread_days",
    "overdue",
    "orders_30d",
    "orders_90d",
    "value_90d",
    "pace",
    "items",
    "lines_per_order",
    "returns",
    "account",
    "viewed_days",
    "views_7d",
    "views_30d",
    "carts_30d",
)
RFM = ("recency_days", "orders", "value")


@dataclass(frozen=True, slots=True)
class VisitorFeatures:
    """`matrix` has a row for each of `visitors` (codes of the log) and a column for each of `names`; NaN where nothing
    is known yet."""

    visitors: NDArray[np.int32]
    names: tuple[str, ...]
    matrix: Array

    def column(self, name: str) -> Array:
        return np.asarray(self.matrix[:, self.names.index(name)])

    def take(self, rows: NDArray[np.bool_]) -> VisitorFeatures:
        return VisitorFeatures(self.visitors[rows], self.names, self.matrix[rows])


def visitor_features(log: ShopLog, now: float) -> VisitorFeatures:
    """Features of everybody who was seen, from what was known at `now` (epoch seconds): rows at or after it are left
    out, so nothing leaks."""
    past = log.before(now)
    past = past.take(np.flatnonzero(past.visitors >= 0))
    bought = past.of_kind(BUY)
    codes = np.unique(past.visitors)
    place = np.full(len(log.visitor_ids) + 1, -1)
    place[codes] = np.arange(len(codes))
    columns = _orders(bought, place, len(codes), now) | _browsing(past, place, len(codes), now)
    returned = past.of_kind(RETURN)
    columns["returns"] = _count(place[returned.visitors], len(codes))
    columns["account"] = log.accounts[codes].astype(float)
    columns["value"] = columns["value"] + np.bincount(place[returned.visitors], returned.values, len(codes))
    matrix = np.column_stack([columns[name] for name in NAMES]) if len(codes) else np.empty((0, len(NAMES)))
    return VisitorFeatures(codes.astype(np.int32), NAMES, matrix)


def bought_between(log: ShopLog, visitors: NDArray[np.int32], start: float, end: float) -> NDArray[np.bool_]:
    """Whether each of `visitors` bought at or after `start` and before `end`."""
    window = log.between(start, end)
    return np.isin(visitors, window.visitors[window.kinds == BUY])


def _orders(bought: ShopLog, place: NDArray[np.intp], n: int, now: float) -> dict[str, Array]:
    who = place[bought.visitors]
    _, first, inverse = np.unique(bought.orders, return_index=True, return_inverse=True)
    worth = np.bincount(inverse, bought.values, len(first))
    owner, moment = who[first], bought.times[first]
    order = np.lexsort((moment, owner))
    owner, moment, worth = owner[order], moment[order], worth[order]
    count = _count(owner, n)
    age = (now - moment) / DAY
    total = np.bincount(owner, worth, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        oldest, newest = np.full(n, np.nan), np.full(n, np.nan)
        np.fmax.at(oldest, owner, age)
        np.fmin.at(newest, owner, age)
        largest = np.full(n, np.nan)
        np.fmax.at(largest, owner, worth)
        gaps = np.where(count > 1, (oldest - newest) / (count - 1), np.nan)
        same = np.flatnonzero(owner[1:] == owner[:-1]) if len(owner) else np.empty(0, np.intp)
        steps = (moment[same + 1] - moment[same]) / DAY
        squares = np.bincount(owner[same + 1], steps**2, n)
        spread = np.where(count > 2, np.sqrt(np.maximum(squares / (count - 1) - gaps**2, 0)), np.nan)
        pairs = np.unique(who.astype(np.int64) * (len(bought.item_ids) + 1) + bought.items)
        return {
            "recency_days": newest,
            "orders": count,
            "value": total,
            "tenure_days": oldest,
            "mean_order": np.where(count > 0, total / count, np.nan),
            "largest_order": largest,
            "mean_gap_days": gaps,
            "gap_spread_days": spread,
            "overdue": newest / (gaps + 1.0),
            "orders_30d": _count(owner[age <= 30], n),
            "orders_90d": _count(owner[age <= 90], n),
            "value_90d": np.bincount(owner[age <= 90], worth[age <= 90], n),
            "pace": np.bincount(owner, np.exp(-age / 60), n),
            "items": _count(pairs // (len(bought.item_ids) + 1), n),
            "lines_per_order": np.where(count > 0, _count(who, n) / count, np.nan),
        }


def _browsing(past: ShopLog, place: NDArray[np.intp], n: int, now: float) -> dict[str, Array]:
    views, carts = past.of_kind(VIEW), past.of_kind(CART)
    seen = np.full(n, np.nan)
    age = (now - views.times) / DAY
    who = place[views.visitors]
    np.fmin.at(seen, who, age)
    lately = carts.take(np.flatnonzero(now - carts.times <= 30 * DAY))
    return {
        "viewed_days": seen,
        "views_7d": _count(who[age <= 7], n),
        "views_30d": _count(who[age <= 30], n),
        "carts_30d": _count(place[lately.visitors], n),
    }


def _count(codes: NDArray[np.intp], n: int) -> Array:
    return np.bincount(codes, minlength=n).astype(float)
