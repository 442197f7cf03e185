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
from opsplug.models.recommend.base import Arrays, Codes, Evidence, Query, Scores
from opsplug.models.recommend.candidates import View

SIZE = 64
DAMPING = 0.25  # how much an item's popularity is flattened before, and given back after, the decomposition


@dataclass(frozen=True, slots=True)
class Factors:
    name: ClassVar[str] = "factors"
    inner: NDArray[np.float32]  # items x factors, of a history
    outer: NDArray[np.float32]  # items x factors, of a candidate
    index: nearest_vectors.Index | None = None  # over `outer`

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0, size: int = SIZE, half: float = 0.25) -> Factors:
        from scipy.sparse import diags
        from sklearn.utils.extmath import randomized_svd

        X = evidence.matrix(half * evidence.span)
        size = min(size, max(min(X.shape) // 8, 1))  # as many factors as items would only learn each item by heart
        if min(X.shape) < 2 or not X.nnz:
            nothing = np.zeros((evidence.size, 1), np.float32)
            return cls(nothing, nothing)
        visitor = np.asarray(X.sum(1)).ravel() + 1.0
        item = np.asarray(X.sum(0)).ravel() + 1.0
        damped = diags(visitor**-0.5) @ X @ diags(item**-DAMPING)
        _, _, vectors = randomized_svd(damped.astype(np.float32), size, n_iter=3, random_state=seed)
        inner, outer = vectors.T * (item**-DAMPING)[:, None], vectors.T * (item**DAMPING)[:, None]
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

    def score(self, query: Query) -> Scores:
        """Negative likings are 0."""
        items, weights = query.recency(1.0)
        return np.maximum(self.several(items, [weights], View(len(self.outer)))[0], 0)

    def several(self, items: Codes, weightings: Sequence[NDArray[np.float64]], view: View) -> list[Scores]:
        """How several weightings of a history like the items of a view."""
        outer = view.of(self.outer)
        return [product(outer, self.taste(items, weights)) for weights in weightings]

    def taste(self, items: Codes, weights: NDArray[np.float64]) -> NDArray[np.float32]:
        """The vector of a weighted history."""
        found: NDArray[np.float32] = weights.astype(np.float32) @ self.inner[items]
        return found

    def nearest(self, items: Codes, weights: NDArray[np.float64], k: int) -> Codes:
        """The k items that a weighted history likes best."""
        return (self.index or nearest_vectors.Exact(self.outer)).nearest(self.taste(items, weights), k)
