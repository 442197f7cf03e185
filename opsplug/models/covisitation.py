"""Item-to-item co-visitation: what is looked at or bought shortly before and after an item by the same visitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.base import Arrays, Evidence, Neighbours, Query, Scores, by_visitor

REACH = 10  # events between two items of a pair, at most
WIDTH = 150
BACKWARD = 0.5  # a pair counts less against the order of time
BLOCK_PAIRS = 2_000_000
HISTORY = 50
DECAY = 0.85


@dataclass(frozen=True, slots=True)
class CoVisitation:
    name: ClassVar[str] = "also_viewed"
    rows: Neighbours

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0, half: float = 0.25, flatten: float = 0.4) -> CoVisitation:
        pairs = count_pairs(evidence, half * evidence.span)
        column = np.asarray(pairs.sum(0)).ravel() + 1e-9
        pairs.data /= column[pairs.indices] ** flatten
        row = np.asarray(pairs.sum(1)).ravel() + 1e-9
        pairs.data /= np.repeat(row**0.5, np.diff(pairs.indptr))
        return cls(Neighbours.widest(pairs, WIDTH))

    def export(self) -> Arrays:
        return self.rows.export("rows")

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> CoVisitation:
        return cls(Neighbours.load(arrays, "rows"))

    def score(self, query: Query) -> Scores:
        return self.rows.sums(*query.recency(DECAY, HISTORY))


def count_pairs(evidence: Evidence, half_life: float) -> Any:
    """Items x items sparse sums of pair weights 1/distance, halved by age, less when a day or more lies between."""
    from scipy.sparse import csr_matrix

    log, size = evidence.log, evidence.size
    order, _ = by_visitor(log)
    users, items, times = log.users[order], log.items[order], log.times[order]
    fresh = np.where(log.weights[order] > 0, 0.5 ** (evidence.ages[order] / half_life), 0.0)
    total = csr_matrix((size, size), dtype=np.float32)
    block = max(BLOCK_PAIRS // REACH, 1)
    for start in range(0, len(items), block):
        sources, targets, values = [], [], []
        for step in range(1, REACH + 1):
            left = np.arange(start, min(start + block, len(items) - step))
            right = left + step
            kept = (users[left] == users[right]) & (items[left] != items[right])
            left, right = left[kept], right[kept]
            weight = fresh[right] / step * np.where(times[right] - times[left] > 86400.0, 0.3, 1.0)
            sources += [items[left], items[right]]
            targets += [items[right], items[left]]
            values += [weight, BACKWARD * weight]
        pairs = (np.concatenate(values).astype(np.float32), (np.concatenate(sources), np.concatenate(targets)))
        total = total + csr_matrix(pairs, shape=(size, size))
    total.eliminate_zeros()
    return total.tocsr()
