"""Segments of visitors: by ranks of recency, frequency and value, and by clusters of the same three."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
KEYS = ("champions", "loyal", "new", "promising", "at_risk", "lapsed")


@dataclass(frozen=True, slots=True)
class Segment:
    """`members` are row numbers; `traits` say what sets a cluster apart; medians in days, orders, money.

    `value_share` is their part of all money.
    """

    key: str
    traits: tuple[str, ...]
    members: NDArray[np.intp]
    recency: float
    frequency: float
    value: float
    value_share: float


def rfm_segments(recency: ArrayLike, frequency: ArrayLike, value: ArrayLike) -> list[Segment]:
    """Six segments from ranks of recency (days since the last order), frequency (orders) and value (money spent)."""
    r, f, v = _columns(recency, frequency, value)
    if len(r) == 0:
        return []
    key = _keys(1 - _rank(r), _rank(f), _rank(v), f)
    found = [_describe(name, (), np.flatnonzero(key == name), r, f, v) for name in KEYS]
    return [segment for segment in found if len(segment.members)]


def rfm_segment(recency: float, frequency: float, value: float, quantiles: Sequence[Sequence[float]]) -> str:
    """The key of one visitor's segment, among visitors of whom the 101 quantiles of the three are known."""

    def rank(x: float, marks: Sequence[float]) -> Array:
        return np.array([(np.searchsorted(marks, x, "left") + np.searchsorted(marks, x, "right")) / 2 / len(marks)])

    r, f, v = (rank(x, marks) for x, marks in zip((recency, frequency, value), quantiles, strict=True))
    return str(_keys(1 - r, f, v, np.array([frequency]))[0])


def _keys(fresh: Array, often: Array, rich: Array, orders: Array) -> NDArray[np.object_]:
    worth = (often + rich) / 2
    key = np.full(len(fresh), "promising", dtype=object)
    key[(fresh < 0.4) & (worth < 0.6)] = "lapsed"
    key[(fresh < 0.4) & (worth >= 0.6)] = "at_risk"
    key[(fresh >= 0.4) & (worth >= 0.6)] = "loyal"
    key[(fresh >= 0.7) & (worth >= 0.8)] = "champions"
    key[(fresh >= 0.6) & (orders <= 1)] = "new"
    return key


def cluster_segments(
    recency: ArrayLike, frequency: ArrayLike, value: ArrayLike, clusters: int = 5, seed: int = 0
) -> list[Segment]:
    """k-means on the logarithms of the three, each cluster named by what sets it apart from the middle visitor."""
    from sklearn.cluster import KMeans

    r, f, v = _columns(recency, frequency, value)
    space = np.log1p(np.column_stack([r, f, np.maximum(v, 0.0)]))
    distinct = len(np.unique(space.round(6), axis=0)) if len(space) else 0
    if distinct == 0:
        return []
    spread = space.std(axis=0)
    space = (space - np.median(space, axis=0)) / np.where(spread > 0, spread, 1.0)
    labels = KMeans(min(clusters, distinct), n_init=4, random_state=seed).fit_predict(space)
    found: list[Segment] = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        traits = _traits(space[members].mean(axis=0))
        found.append(_describe(f"cluster_{len(found)}", traits, members, r, f, v))
    return sorted(found, key=lambda segment: -len(segment.members))


def _columns(recency: ArrayLike, frequency: ArrayLike, value: ArrayLike) -> tuple[Array, Array, Array]:
    columns = [np.nan_to_num(np.asarray(c, dtype=float), nan=0.0, posinf=0.0, neginf=0.0) for c in (frequency, value)]
    days = np.asarray(recency, dtype=float)
    known = np.isfinite(days)
    days = np.where(known, days, days[known].max() if known.any() else 0.0)
    return np.maximum(days, 0.0), np.maximum(columns[0], 0.0), columns[1]


def _rank(x: Array) -> Array:
    """Share of visitors below, ties sharing their middle: 0 to 1."""
    ordered = np.sort(x)
    below, upto = np.searchsorted(ordered, x, "left"), np.searchsorted(ordered, x, "right")
    return np.asarray((below + upto) / 2 / len(x))


def _traits(centre: Array) -> tuple[str, ...]:
    """What sets a cluster apart from the middle visitor, as names of traits."""
    pairs = (("recent", "long_away"), ("buy_seldom", "buy_often"), ("spend_little", "spend_much"))
    return tuple(pair[int(x > 0)] for x, pair in zip(centre, pairs, strict=True) if abs(x) > 0.35)


def _describe(key: str, traits: tuple[str, ...], members: NDArray[np.intp], r: Array, f: Array, v: Array) -> Segment:
    days, orders, money = (float(np.median(x[members])) if len(members) else 0.0 for x in (r, f, v))
    part = float(v[members].sum() / v.sum()) if v.sum() > 0 else 0.0
    return Segment(key, traits, members, days, orders, money, part)
