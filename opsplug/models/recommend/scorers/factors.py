"""Item vectors from a truncated SVD of the damped visitor-item matrix (PureSVD, Cremonesi et al. 2010).

Linear in the events, no compiled dependency; a visitor is folded in from the history alone. In the mix it was worth as
much as implicit ALS at a quarter of the time (benchmarks/results/recommend.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.matrix_product import product
from opsplug.models.recommend import index as nearest_vectors
from opsplug.models.recommend.arrays import Arrays, Codes, Scores
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.constants import (
    FACTORS,
    FACTORS_DAMPING,
    FACTORS_HALF_LIFE,
    FACTORS_RETRIEVED,
    RETRIEVAL_DECAY,
)
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.scorer import Channel


@dataclass(frozen=True, slots=True)
class Factors:
    name: ClassVar[str] = "factors"
    inner: NDArray[np.float32]  # items x factors, of a history
    outer: NDArray[np.float32]  # items x factors, of a candidate
    index: nearest_vectors.Index | None = None  # over `outer`

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0, size: int = FACTORS, half: float = FACTORS_HALF_LIFE) -> Factors:
        from scipy.sparse import diags
        from sklearn.utils.extmath import randomized_svd

        X = evidence.matrix(half * evidence.span)
        size = min(size, max(min(X.shape) // 8, 1))  # as many factors as items would only learn each item by heart
        if min(X.shape) < 2 or not X.nnz:
            nothing = np.zeros((evidence.size, 1), np.float32)
            return cls(nothing, nothing)
        visitor = np.asarray(X.sum(1)).ravel() + 1.0
        item = np.asarray(X.sum(0)).ravel() + 1.0
        damped = diags(visitor**-0.5) @ X @ diags(item**-FACTORS_DAMPING)
        _, _, vectors = randomized_svd(damped.astype(np.float32), size, n_iter=3, random_state=seed)
        inner, outer = vectors.T * (item**-FACTORS_DAMPING)[:, None], vectors.T * (item**FACTORS_DAMPING)[:, None]
        return cls(inner.astype(np.float32), outer.astype(np.float32))

    def export(self) -> Arrays:
        found = nearest_vectors.export(self.index or nearest_vectors.Exact(self.outer))
        return {"inner": self.inner, "outer": self.outer, **{f"index.{key}": value for key, value in found.items()}}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Factors:
        found = {key.removeprefix("index."): value for key, value in arrays.items() if key.startswith("index.")}
        return cls(arrays["inner"], arrays["outer"], nearest_vectors.load(found, arrays["outer"]))

    def indexed(self, seed: int = 0) -> Factors:
        """The same with the index that is quickest for histories of single items."""
        asked = self.inner[np.random.default_rng(seed).permutation(len(self.inner))[:500]]
        return replace(self, index=nearest_vectors.choose(self.outer, asked[np.abs(asked).sum(1) > 0], seed=seed))

    def score(self, query: Query, candidates: CandidateSet, channels: Sequence[Channel]) -> list[Scores]:
        """Inner products of the visitor's vector and the candidates'; what is negative is disliked."""
        outer = candidates.take(self.outer)
        weightings = [query.recency(channel.decay, channel.max_history) for channel in channels]
        return [product(outer, self.visitor(items, weights)) for items, weights in weightings]

    def visitor(self, items: Codes, weights: NDArray[np.float64]) -> NDArray[np.float32]:
        """The vector of a weighted history."""
        found: NDArray[np.float32] = weights.astype(np.float32) @ self.inner[items]
        return found

    def retrieve(self, query: Query) -> Codes:
        """The items that the history likes best."""
        vector = self.visitor(*query.recency(RETRIEVAL_DECAY))
        return (self.index or nearest_vectors.Exact(self.outer)).nearest(vector, FACTORS_RETRIEVED)
