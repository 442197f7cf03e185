"""What a log can teach: how much there is, how concentrated it is, who is hardly in it. Looked at before training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import Interactions
from opsplug.features.items import Catalogue
from opsplug.units import DAY

# Below these, a personal list rests on little; (name, at least).
ENOUGH = (("events", 1000), ("visitors", 100), ("items", 50), ("days", 14), ("returning", 50))
MOST_OF_ITEMS = 0.5  # share of the events that the top 1 % of the items may have
MOST_OF_VISITORS = 0.5  # the same of visitors: a few resellers are not the shop's taste
FEWEST_OF_LANGUAGE = 200  # events of a language below which its visitors are served by others' taste


@dataclass(frozen=True, slots=True)
class Diversity:
    """Counts, shares from 0 to 1, and what is too little: (what, have, need) as data, so that any page can say it."""

    events: int
    visitors: int
    items: int
    days: int
    returning: int  # visitors seen on two days or more
    catalogue: int
    untouched: float  # share of the catalogue that nobody took
    top_items: float  # share of the events that the top 1 % of the items have
    top_visitors: float
    gini: float  # of events over items: 0 even, 1 all on one
    languages: Mapping[str, int] = field(default_factory=dict)
    concerns: list[tuple[str, float, float]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        names = [name for name in self.__slots__ if name != "concerns"]
        return {name: getattr(self, name) for name in names} | {"concerns": [list(one) for one in self.concerns]}


def diversity(log: Interactions, items: Catalogue, languages: Mapping[str, int] | None = None) -> Diversity:
    """Look at a log; `languages` are events by language where it is known."""
    taken = np.bincount(log.items) if len(log) else np.zeros(0, np.int64)
    by_visitor = np.bincount(log.users) if len(log) else np.zeros(0, np.int64)
    day = np.floor(log.times / DAY).astype(np.int64)
    visits = np.unique(np.stack([log.users.astype(np.int64), day]), axis=1) if len(log) else np.zeros((2, 0), np.int64)
    touched = {log.item_ids[code] for code in np.flatnonzero(taken)}
    known = sum(item in touched for item in items.item_ids)
    counts = {
        "events": len(log), "visitors": int((by_visitor > 0).sum()), "items": len(touched), "days": len(np.unique(day)),
        "returning": int((np.bincount(visits[0]) > 1).sum()) if visits.size else 0,
    }  # fmt: skip
    top_items, top_visitors = _top(taken[taken > 0]), _top(by_visitor[by_visitor > 0])
    concerns = [(name, float(counts[name]), float(least)) for name, least in ENOUGH if counts[name] < least]
    if counts["items"] >= 200 and top_items > MOST_OF_ITEMS:
        concerns.append(("top_items", top_items, MOST_OF_ITEMS))
    if counts["visitors"] >= 200 and top_visitors > MOST_OF_VISITORS:
        concerns.append(("top_visitors", top_visitors, MOST_OF_VISITORS))
    spoken = dict(languages or {})
    concerns += [
        (f"language {name}", float(n), float(FEWEST_OF_LANGUAGE))
        for name, n in spoken.items()
        if n < FEWEST_OF_LANGUAGE
    ]
    return Diversity(
        **counts, catalogue=len(items), untouched=1 - known / len(items) if len(items) else 0.0, top_items=top_items,
        top_visitors=top_visitors, gini=gini(taken[taken > 0]), languages=spoken, concerns=concerns,
    )  # fmt: skip


def _top(counts: NDArray[np.int64]) -> float:
    """The share of the top 1 %, at least one."""
    if not len(counts):
        return 0.0
    few = max(round(0.01 * len(counts)), 1)
    return float(np.sort(counts)[::-1][:few].sum() / counts.sum())


def gini(counts: NDArray[np.int64]) -> float:
    """Gini's coefficient of positive counts: 0 where all are alike."""
    if len(counts) < 2:
        return 0.0
    ranks = np.arange(1, len(counts) + 1)
    return float((2 * ranks - len(counts) - 1) @ np.sort(counts) / (len(counts) * counts.sum()))
