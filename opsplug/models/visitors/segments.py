"""Segments of visitors in words: by ranks of recency, frequency and value, and by clusters of the same three."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
NAMES: dict[str, tuple[str, str]] = {
    "champions": ("Champions", "核心客户"),
    "loyal": ("Loyal", "忠实客户"),
    "new": ("New", "新客户"),
    "promising": ("Promising", "潜力客户"),
    "at_risk": ("At risk", "流失风险客户"),
    "lapsed": ("Lapsed", "已流失客户"),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """`members` are row numbers; `name` and `explanation` by language ("en", "zh"); medians in days, orders, money."""

    key: str
    name: dict[str, str]
    explanation: dict[str, str]
    members: NDArray[np.intp]
    recency: float
    frequency: float
    value: float


def rfm_segments(recency: ArrayLike, frequency: ArrayLike, value: ArrayLike) -> list[Segment]:
    """Six segments from ranks of recency (days since the last order), frequency (orders) and value (money spent)."""
    r, f, v = _columns(recency, frequency, value)
    if len(r) == 0:
        return []
    key = _keys(1 - _rank(r), _rank(f), _rank(v), f)
    found = [_describe(name, NAMES[name], np.flatnonzero(key == name), r, f, v) for name in NAMES]
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
        name = _name(space[members].mean(axis=0))
        found.append(_describe(f"cluster_{len(found)}", name, members, r, f, v))
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


def _name(centre: Array) -> tuple[str, str]:
    words = []
    if abs(centre[0]) > 0.35:
        words.append(("recent", "近期活跃") if centre[0] < 0 else ("long away", "久未光顾"))
    if abs(centre[1]) > 0.35:
        words.append(("buy often", "购买频繁") if centre[1] > 0 else ("buy seldom", "购买较少"))
    if abs(centre[2]) > 0.35:
        words.append(("spend much", "消费较高") if centre[2] > 0 else ("spend little", "消费较低"))
    if not words:
        return "The middle", "普通客户"
    english = ", ".join(word for word, _ in words)
    return english[0].upper() + english[1:], "、".join(word for _, word in words)


def _describe(key: str, name: tuple[str, str], members: NDArray[np.intp], r: Array, f: Array, v: Array) -> Segment:
    days, orders, money = (float(np.median(x[members])) if len(members) else 0.0 for x in (r, f, v))
    count, share = len(members), 100 * len(members) / max(len(r), 1)
    part = 100 * v[members].sum() / v.sum() if v.sum() > 0 else 0.0
    english = (
        f"{count:,} buyers ({share:.0f} %), {part:.0f} % of the money: typically {orders:.0f} "
        f"{'order' if round(orders) == 1 else 'orders'} worth {money:,.0f}, the last {days:.0f} days ago."
    )
    chinese = (
        f"{count:,} 位买家（{share:.0f}%），贡献 {part:.0f}% 的消费；"
        f"通常下单 {orders:.0f} 次，共 {money:,.0f}，最近一次在 {days:.0f} 天前。"
    )
    names = {"en": name[0], "zh": name[1]}
    return Segment(key, names, {"en": english, "zh": chinese}, members, days, orders, money)
