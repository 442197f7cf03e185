"""Frequently bought together: pairs of one basket by lift, above a minimum support."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from opsplug.features.interactions import PURCHASE
from opsplug.models.recommend.constants import BASKET_ITEMS, BASKET_PRIOR, BASKET_SUPPORT, BASKET_WIDTH
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.neighbours import Neighbours, NeighbourScorer, stacked
from opsplug.models.recommend.scorers.item_knn import BLOCK, shortened


@dataclass(frozen=True, slots=True)
class BoughtTogether(NeighbourScorer):
    name: ClassVar[str] = "bought_together"

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0, support: int = BASKET_SUPPORT) -> BoughtTogether:
        X = shortened(baskets(evidence), BASKET_ITEMS, seed)
        count = np.bincount(X.indices, minlength=evidence.size).astype(np.float64)
        by_item = X.T.tocsr()
        found = []
        for start in range(0, evidence.size, BLOCK):
            pairs = (by_item[start : start + BLOCK] @ X).tocsr()
            row = np.repeat(np.arange(pairs.shape[0]) + start, np.diff(pairs.indptr))
            both = pairs.data.astype(np.float64)
            lift = both * X.shape[0] / (count[row] * count[pairs.indices])
            worth = np.log(np.maximum(lift, 1.0)) * both / (both + BASKET_PRIOR)
            pairs.data = np.where((both >= support) & (pairs.indices != row), worth, 0).astype(np.float32)
            pairs.eliminate_zeros()
            found.append(Neighbours.widest(pairs, BASKET_WIDTH))
        return cls(stacked(found))


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
