"""Recency, frequency, value and behaviour of each visitor at a moment, from plain arrays of purchase lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
DAY = 86400.0
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
    "items",
    "lines_per_order",
    "returns",
)


@dataclass(frozen=True, slots=True)
class VisitorFeatures:
    """`matrix` has a row for each of `visitors` and a column for each of `names`; NaN where nothing is known yet."""

    visitors: NDArray[np.object_]
    names: tuple[str, ...]
    matrix: Array


def visitor_features(
    visitors: ArrayLike, times: ArrayLike, orders: ArrayLike, items: ArrayLike, values: ArrayLike, now: float
) -> VisitorFeatures:
    """Features from what was known at `now` (epoch seconds): rows at or after it are left out, so nothing leaks.

    One entry a purchase line: visitor, epoch seconds, order id, item id and line value (negative for a return)."""
    who, when = np.asarray(visitors, dtype=object), np.asarray(times, dtype=float)
    order, item = np.asarray(orders, dtype=object), np.asarray(items, dtype=object)
    value = np.nan_to_num(np.asarray(values, dtype=float), nan=0.0, posinf=0.0, neginf=0.0)
    known = np.flatnonzero(np.isfinite(when) & (when < now))
    known = known[np.argsort(when[known], kind="stable")]
    if not len(known):
        return VisitorFeatures(np.empty(0, dtype=object), NAMES, np.empty((0, len(NAMES))))
    people, code = np.unique(who[known].astype(str), return_inverse=True)
    item_code = np.unique(item[known].astype(str), return_inverse=True)[1]
    order_code = np.unique(order[known].astype(str), return_inverse=True)[1]
    rows = np.argsort(code, kind="stable")
    limits = np.searchsorted(code[rows], np.arange(len(people) + 1))
    matrix = np.full((len(people), len(NAMES)), np.nan)
    for p in range(len(people)):
        own = rows[limits[p] : limits[p + 1]]
        matrix[p] = _one(when[known[own]], order_code[own], item_code[own], value[known[own]], now)
    return VisitorFeatures(people.astype(object), NAMES, matrix)


def _one(when: Array, order: NDArray[np.intp], item: NDArray[np.intp], value: Array, now: float) -> list[float]:
    bought = value >= 0
    kept = bought if bought.any() else np.ones(len(value), dtype=bool)
    _, first, inverse = np.unique(order[kept], return_index=True, return_inverse=True)
    worth = np.bincount(inverse, weights=value[kept])
    moments = np.sort(when[kept][first])
    gaps = np.diff(moments) / DAY
    recency = (now - moments[-1]) / DAY
    nothing = float("nan")
    mean_gap = float(gaps.mean()) if len(gaps) else nothing
    age = (now - when[kept][first]) / DAY
    return [
        recency,
        float(len(moments)) if bought.any() else 0.0,
        float(value.sum()),
        (now - moments[0]) / DAY,
        float(worth.mean()),
        float(worth.max()),
        mean_gap,
        float(gaps.std()) if len(gaps) > 1 else nothing,
        recency / (mean_gap + 1.0) if len(gaps) else nothing,
        float((age <= 30).sum()),
        float((age <= 90).sum()),
        float(worth[age <= 90].sum()),
        float(len(np.unique(item[kept]))),
        float(kept.sum() / len(moments)),
        float((~bought).sum()),
    ]
