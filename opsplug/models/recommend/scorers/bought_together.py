"""Frequently bought together: pairs of one basket by lift, above a minimum support."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import PURCHASE
from opsplug.models.recommend.base import Arrays, Evidence, Neighbours, Query, Scores, stacked
from opsplug.models.recommend.scorers.item_knn import BLOCK, shortened

WIDTH = 30
SUPPORT = 3  # baskets that must hold both items
SHRINK = 5.0  # baskets of doubt: pairs seen seldom are believed less
LARGEST = 100  # items of one basket that pair up


@dataclass(frozen=True, slots=True)
class BoughtTogether:
    name: ClassVar[str] = "bought_together"
    rows: Neighbours

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0, support: int = SUPPORT) -> BoughtTogether:
        X = shortened(baskets(evidence), LARGEST, seed)
        count = np.bincount(X.indices, minlength=evidence.size).astype(np.float64)
        by_item = X.T.tocsr()
        found = []
        for start in range(0, evidence.size, BLOCK):
            pairs = (by_item[start : start + BLOCK] @ X).tocsr()
            row = np.repeat(np.arange(pairs.shape[0]) + start, np.diff(pairs.indptr))
            both = pairs.data.astype(np.float64)
            lift = both * X.shape[0] / (count[row] * count[pairs.indices])
            worth = np.log(np.maximum(lift, 1.0)) * both / (both + SHRINK)
            pairs.data = np.where((both >= support) & (pairs.indices != row), worth, 0).astype(np.float32)
            pairs.eliminate_zeros()
            found.append(Neighbours.widest(pairs, WIDTH))
        return cls(stacked(found))

    def export(self) -> Arrays:
        return self.rows.export("rows")

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> BoughtTogether:
        return cls(Neighbours.load(arrays, "rows"))

    def score(self, query: Query) -> Scores:
        return self.rows.sums(*query.recency(0.7, 10))


def baskets(evidence: Evidence) -> Any:
    """Baskets x items in {0, 1}: one transaction, else one visitor at one moment; views where nothing was bought."""
    from scipy.sparse import csr_matrix

    log = evidence.log
    bought = (log.kinds == PURCHASE) & (log.weights > 0)
    log = log.take(np.flatnonzero(bought if bought.any() else log.weights > 0))
    moment = np.unique(np.stack([log.users.astype(np.float64), log.times]), axis=1, return_inverse=True)[1].ravel()
    group = np.where(log.baskets >= 0, log.baskets, moment + log.baskets.max(initial=-1) + 1)
    _, row = np.unique(group, return_inverse=True)
    X = csr_matrix(
        (np.ones(len(log), np.float32), (row, log.items)), shape=(int(row.max(initial=0)) + 1, evidence.size)
    )
    X.sum_duplicates()
    X.data[:] = 1
    return X
