"""Buy again: the visitor's own items by how often and how lately they were taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.base import Arrays, Evidence, Query, Scores
from opsplug.units import DAY, HOUR

DECAY = 0.95  # per moment (basket or visit)
DOUBT = 5.0  # buyers of doubt about how often an item is bought again


@dataclass(frozen=True, slots=True)
class OwnItems:
    name: ClassVar[str] = "buy_again"
    habit: Scores  # per item: share of its takers who took it at two times or more

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> OwnItems:
        log, size = evidence.log, evidence.size
        pair = log.users.astype(np.int64) * max(size, 1) + log.items
        pairs, times = np.unique(pair, return_counts=True)
        item = pairs % max(size, 1)
        takers = np.bincount(item, minlength=size)
        again = np.bincount(item, times > 1, minlength=size)
        return cls(((again + 1) / (takers + DOUBT)).astype(np.float32))

    def export(self) -> Arrays:
        return {"habit": self.habit}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> OwnItems:
        return cls(arrays["habit"])

    def score(self, query: Query) -> Scores:
        """log(1 + how often), an event counting less the more moments ago it was."""
        if not len(query.items):
            return np.zeros(len(self.habit), np.float32)
        _, moment = np.unique(query.times, return_inverse=True)
        weight = DECAY ** (moment.max() - moment)
        return np.log1p(np.bincount(query.items, weight, minlength=len(self.habit))).astype(np.float32)

    def due(self, query: Query) -> Scores:
        """How well now fits the rhythm in which the visitor took an item: 1 when its own mean gap has just passed.

        Twice or half the gap is worth a half; items taken once, or twice within an hour, have no rhythm.
        """
        size = len(self.habit)
        taken = np.unique(np.stack([query.items.astype(np.float64), query.times]), axis=1)
        items, first, count = np.unique(taken[0].astype(np.int64), return_index=True, return_counts=True)
        often = count > 1
        items, first, count = items[often], first[often], count[often]
        since = query.now - taken[1][first + count - 1]
        gap = (taken[1][first + count - 1] - taken[1][first]) / np.maximum(count - 1, 1)
        scores = np.zeros(size, np.float32)
        gap, since = np.maximum(gap, 1e-9), np.maximum(since, 0.5 * DAY)
        scores[items] = np.where(gap > HOUR, np.minimum(since / gap, gap / since), 0)
        return scores
