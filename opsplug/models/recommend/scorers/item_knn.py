"""Item neighbours by BM25-weighted co-occurrence, for catalogues too large for EASE; built in blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.base import Arrays, Evidence, Neighbours, Query, Scores, stacked

WIDTH = 100
BLOCK = 1000
K1, B = 1.2, 0.75  # saturation and length normalisation of BM25
LONGEST = 300  # events of one visitor that pair up: bounds the cost of a visitor with a million


@dataclass(frozen=True, slots=True)
class ItemKnn:
    name: ClassVar[str] = "item_knn"
    rows: Neighbours

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0, half: float = 0.25, width: int = WIDTH) -> ItemKnn:
        from scipy.sparse import diags

        X = shortened(evidence.matrix(half * evidence.span), LONGEST, seed)
        people, size = X.shape
        lengths = np.diff(X.indptr)
        norm = K1 * (1 - B + B * lengths * max(people, 1) / max(lengths.sum(), 1))
        W = X.copy()
        W.data = X.data * (K1 + 1) / (X.data + np.repeat(norm, lengths))
        rarity = np.log((people + 1) / (np.bincount(X.indices, minlength=size) + 1.0))
        W = (W @ diags(np.maximum(rarity, 0))).tocsr().astype(np.float32)
        by_item = W.T.tocsr()
        found = []
        for start in range(0, size, BLOCK):
            block = (by_item[start : start + BLOCK] @ W).tocsr()
            block.data[block.indices == np.repeat(np.arange(block.shape[0]) + start, np.diff(block.indptr))] = 0
            found.append(Neighbours.widest(block, width))
        return cls(stacked(found))

    def export(self) -> Arrays:
        return self.rows.export("rows")

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> ItemKnn:
        return cls(Neighbours.load(arrays, "rows"))

    def score(self, query: Query) -> Scores:
        return self.rows.sums(*query.recency(1.0))


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
