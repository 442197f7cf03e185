"""Repurchase: the visitor's own items by frequency, recency, repurchase rate and inter-purchase interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Arrays, Codes, Scores
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.constants import OWN_DECAY, REPURCHASE_PRIOR
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.scorer import Channel
from opsplug.units import DAY, HOUR


@dataclass(frozen=True, slots=True)
class OwnItems:
    name: ClassVar[str] = "buy_again"
    repurchase_rate: Scores  # per item: share of its takers who took it at two times or more

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> OwnItems:
        log, size = evidence.log, evidence.size
        pair = log.users.astype(np.int64) * max(size, 1) + log.items
        pairs, times = np.unique(pair, return_counts=True)
        item = pairs % max(size, 1)
        takers = np.bincount(item, minlength=size)
        again = np.bincount(item, times > 1, minlength=size)
        return cls(((again + 1) / (takers + REPURCHASE_PRIOR)).astype(np.float32))

    def export(self) -> Arrays:
        return {"repurchase_rate": self.repurchase_rate}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> OwnItems:
        return cls(arrays["repurchase_rate"])

    def score(self, query: Query, candidates: CandidateSet, channels: Sequence[Channel]) -> list[Scores]:
        own = self.frequency(query)
        values = {"buy_again": own, "repurchase_rate": np.where(own > 0, self.repurchase_rate, np.float32(0))}
        return [
            candidates.take(values[channel.name] if channel.name in values else self.interval_fit(query))
            for channel in channels
        ]

    def retrieve(self, query: Query) -> Codes:
        return query.items

    def frequency(self, query: Query) -> Scores:
        """log(1 + how often), an event counting less the more moments ago it was."""
        if not len(query.items):
            return np.zeros(len(self.repurchase_rate), np.float32)
        _, moment = np.unique(query.times, return_inverse=True)
        weight = OWN_DECAY ** (moment.max() - moment)
        return np.log1p(np.bincount(query.items, weight, minlength=len(self.repurchase_rate))).astype(np.float32)

    def interval_fit(self, query: Query) -> Scores:
        """How well now fits the visitor's inter-purchase interval of an item: 1 when the mean interval has just passed.

        Twice or half the interval is worth a half; items taken once, or twice within an hour, have none.
        """
        size = len(self.repurchase_rate)
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
