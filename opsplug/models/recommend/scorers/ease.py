"""EASE with event-age weights, for catalogues up to some thousand active items.

Steck 2019, "Embarrassingly shallow autoencoders for sparse data": the item-to-item weights are B = I - P diag(1/P)
with P = (X'X + lambda I)^-1. Only the largest weights of each row are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.constants import EASE_HALF_LIFE, EASE_RIDGE, EASE_WIDTH
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.neighbours import Neighbours, NeighbourScorer

BLOCK = 512  # rows or columns of the dense matrix that are worked on at a time


@dataclass(frozen=True, slots=True)
class Ease(NeighbourScorer):
    name: ClassVar[str] = "ease"

    @classmethod
    def fit(
        cls,
        evidence: Evidence,
        *,
        seed: int = 0,
        ridge: float = EASE_RIDGE,
        half: float | None = EASE_HALF_LIFE,
        width: int = EASE_WIDTH,
    ) -> Ease:
        X = evidence.matrix(None if half is None else half * evidence.span)
        active = np.flatnonzero(np.diff(X.tocsc().indptr))
        weights = item_weights(X[:, active], ridge)
        return cls(_expand(weights, active, evidence.size, width))


def item_weights(X: Any, ridge: float) -> NDArray[np.float32]:
    """B of shape (items, items), zero diagonal: row i is what item i says of the others. One dense matrix is held."""
    from scipy.linalg import lapack

    size = X.shape[1]
    if not size:
        return np.zeros((0, 0), np.float32)
    gram = np.zeros((size, size), np.float32, order="F")
    transposed = X.T.tocsr()
    for start in range(0, size, BLOCK):
        gram[:, start : start + BLOCK] = (transposed @ X[:, start : start + BLOCK]).toarray()
    gram[np.diag_indices(size)] += ridge
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    if not failed:
        factor, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        return np.zeros((size, size), np.float32)
    diagonal = factor.diagonal().copy()
    for start in range(0, size, BLOCK):
        stop = min(start + BLOCK, size)
        inside = np.tril(factor[start:stop, start:stop])
        factor[start:stop, start:stop] = inside + np.tril(inside, -1).T
        factor[start:stop, stop:] = factor[stop:, start:stop].T
    factor /= -diagonal[None, :]
    np.fill_diagonal(factor, 0)
    weights: NDArray[np.float32] = factor
    return weights


def _expand(weights: NDArray[np.float32], active: NDArray[np.int64], size: int, width: int) -> Neighbours:
    """The largest weights of each row, in the whole vocabulary."""
    width = max(1, min(width, len(active)))
    codes, values = np.zeros((size, width), np.int32), np.zeros((size, width), np.float32)
    for start in range(0, len(active), BLOCK):
        rows = np.ascontiguousarray(weights[start : start + BLOCK])
        kept = np.argpartition(-np.abs(rows), width - 1, axis=1)[:, :width] if width < rows.shape[1] else None
        if kept is None:
            kept = np.tile(np.arange(rows.shape[1]), (len(rows), 1))
        here = active[start : start + BLOCK]
        codes[here], values[here] = active[kept], np.take_along_axis(rows, kept, 1)
    return Neighbours(codes, values)
