"""Item neighbours by BM25-weighted co-occurrence, for catalogues too large for EASE; built in blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from opsplug.models.recommend.constants import BM25_B, BM25_K1, KNN_HALF_LIFE, KNN_MAX_EVENTS, KNN_WIDTH
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.neighbours import Neighbours, NeighbourScorer, stacked

BLOCK = 1000  # items whose neighbours are counted at a time


@dataclass(frozen=True, slots=True)
class ItemKnn(NeighbourScorer):
    name: ClassVar[str] = "item_knn"

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0, half: float = KNN_HALF_LIFE, width: int = KNN_WIDTH) -> ItemKnn:
        from scipy.sparse import diags

        X = shortened(evidence.matrix(half * evidence.span), KNN_MAX_EVENTS, seed)
        people, size = X.shape
        lengths = np.diff(X.indptr)
        norm = BM25_K1 * (1 - BM25_B + BM25_B * lengths * max(people, 1) / max(lengths.sum(), 1))
        W = X.copy()
        W.data = X.data * (BM25_K1 + 1) / (X.data + np.repeat(norm, lengths))
        rarity = np.log((people + 1) / (np.bincount(X.indices, minlength=size) + 1.0))
        W = (W @ diags(np.maximum(rarity, 0))).tocsr().astype(np.float32)
        by_item = W.T.tocsr()
        found = []
        for start in range(0, size, BLOCK):
            block = (by_item[start : start + BLOCK] @ W).tocsr()
            block.data[block.indices == np.repeat(np.arange(block.shape[0]) + start, np.diff(block.indptr))] = 0
            found.append(Neighbours.widest(block, width))
        return cls(stacked(found))


def shortened(X: Any, longest: int, seed: int) -> Any:
    """Rows with more than `longest` entries keep a random sample of that size."""
    lengths = np.diff(X.indptr)
    long = np.flatnonzero(lengths > longest)
    if len(long):
        rng = np.random.default_rng(seed)
        X = X.copy()
        for row in long:
            inside = np.arange(X.indptr[row], X.indptr[row + 1])
            X.data[rng.permutation(inside)[longest:]] = 0
        X.eliminate_zeros()
    return X
