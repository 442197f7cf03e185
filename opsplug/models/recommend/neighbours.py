"""A table of neighbours: for each item, a fixed number of others with weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Arrays, Codes
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.constants import RETRIEVE_FROM
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.scorer import Channel


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Codes and weights of shape (items, width); unused places have weight 0."""

    codes: NDArray[np.int32]
    weights: NDArray[np.float32]

    def sums(
        self, items: Codes, weightings: Sequence[NDArray[np.float64]], candidates: CandidateSet
    ) -> list[NDArray[np.float64]]:
        """For each weighting of `items` the weighted sum of their rows, one number per candidate.

        The rows are read once. A weighting may stop early.
        """
        size = len(candidates)
        if not len(items):
            return [np.zeros(size) for _ in weightings]
        codes, rows = self.codes.take(items, axis=0), self.weights.take(items, axis=0)
        if candidates.position is not None:
            codes = candidates.position.take(codes)
        found = []
        for weights in weightings:
            count = len(weights)
            shares = rows[:count] * weights.astype(np.float32)[:, None]
            total: NDArray[Any] = np.bincount(codes[:count].ravel(), shares.ravel(), minlength=size)
            found.append(total[:size])
        return found

    def export(self, name: str) -> Arrays:
        return {f"{name}.codes": self.codes, f"{name}.weights": self.weights}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], name: str) -> Neighbours:
        return cls(arrays[f"{name}.codes"], arrays[f"{name}.weights"])

    @classmethod
    def widest(cls, rows: Any, width: int) -> Neighbours:
        """The `width` largest entries (by size, sign kept) of each row of a sparse matrix."""
        rows = rows.tocsr()
        size, counts = rows.shape[0], np.diff(rows.indptr)
        width = max(1, min(width, int(counts.max(initial=1))))
        codes, weights = np.zeros((size, width), np.int32), np.zeros((size, width), np.float32)
        for row in np.flatnonzero(counts):
            inside = slice(rows.indptr[row], rows.indptr[row + 1])
            value, place = rows.data[inside], rows.indices[inside]
            if len(value) > width:
                kept = np.argpartition(-np.abs(value), width - 1)[:width]
                value, place = value[kept], place[kept]
            codes[row, : len(value)], weights[row, : len(value)] = place, value
        return cls(codes, weights)


def stacked(tables: Sequence[Neighbours]) -> Neighbours:
    """Tables of consecutive blocks of items, one below the other."""
    size = sum(len(table.codes) for table in tables)
    width = max((table.codes.shape[1] for table in tables), default=1)
    codes, weights = np.zeros((size, width), np.int32), np.zeros((size, width), np.float32)
    row = 0
    for table in tables:
        rows, wide = table.codes.shape
        codes[row : row + rows, :wide], weights[row : row + rows, :wide] = table.codes, table.weights
        row += rows
    return Neighbours(codes, weights)


@dataclass(frozen=True, slots=True)
class NeighbourScorer:
    """Base of the scorers that are one table: an item's score is the sum of what the items of the history say of it."""

    name: ClassVar[str]
    rows: Neighbours

    def export(self) -> Arrays:
        return self.rows.export("rows")

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        return cls(Neighbours.load(arrays, "rows"))

    def score(self, query: Query, candidates: CandidateSet, channels: Sequence[Channel]) -> list[NDArray[np.float64]]:
        weightings = [query.recency(channel.decay, channel.max_history)[1] for channel in channels]
        return self.rows.sums(query.distinct()[0], weightings, candidates)

    def retrieve(self, query: Query) -> Codes:
        return self.rows.codes[query.distinct()[0][:RETRIEVE_FROM]].ravel().astype(np.int64)
