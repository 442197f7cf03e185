"""Item-to-item co-visitation: what is looked at or bought shortly before and after an item by the same visitor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.constants import (
    COVISIT_BACKWARD,
    COVISIT_FLATTEN,
    COVISIT_HALF_LIFE,
    COVISIT_LATER_DAY,
    COVISIT_REACH,
    COVISIT_WIDTH,
)
from opsplug.models.recommend.evidence import Evidence, by_visitor
from opsplug.models.recommend.neighbours import Neighbours, NeighbourScorer, stacked
from opsplug.units import DAY

BLOCK_PAIRS = 2_000_000
BAND_EVENTS = 1_500_000  # items are counted in as many bands as the log has so many events: bounds the memory


@dataclass(frozen=True, slots=True)
class CoVisitation(NeighbourScorer):
    name: ClassVar[str] = "also_viewed"

    @classmethod
    def fit(
        cls,
        evidence: Evidence,
        *,
        seed: int = 0,
        half: float = COVISIT_HALF_LIFE,
        flatten: float = COVISIT_FLATTEN,
    ) -> CoVisitation:
        walk = _Walk.of(evidence, half * evidence.span)
        column = walk.column_sums() + 1e-9
        bands = max(1, -(-len(evidence.log) // BAND_EVENTS))
        edges = np.linspace(0, evidence.size, bands + 1).astype(np.int64)
        found = []
        for low, high in pairwise(edges.tolist()):
            pairs = walk.pairs(low, high)
            pairs.data /= column[pairs.indices].astype(np.float32) ** np.float32(flatten)
            row = np.asarray(pairs.sum(1)).ravel() + 1e-9
            pairs.data /= np.repeat(row**0.5, np.diff(pairs.indptr)).astype(np.float32)
            found.append(Neighbours.widest(pairs, COVISIT_WIDTH))
            del pairs
        return cls(stacked(found))


@dataclass(frozen=True, slots=True)
class _Walk:
    """A log in the order of visitors and time; every event is worth less the older it is."""

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    times: NDArray[np.float64]
    age_weights: NDArray[np.float32]
    size: int

    @classmethod
    def of(cls, evidence: Evidence, half_life: float) -> _Walk:
        log = evidence.log
        order, _ = by_visitor(log)
        age_weights = np.where(log.weights[order] > 0, 0.5 ** (evidence.ages[order] / half_life), 0.0)
        return cls(log.users[order], log.items[order], log.times[order], age_weights.astype(np.float32), evidence.size)

    def steps(self) -> Iterator[list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]]]:
        """Blocks of (earlier item, later item, weight): 1/distance, halved by age, less where a day lies between."""
        block = max(BLOCK_PAIRS // COVISIT_REACH, 1)
        for start in range(0, len(self.items), block):
            found = []
            for step in range(1, COVISIT_REACH + 1):
                stop = min(start + block, len(self.items) - step)
                left, right = slice(start, stop), slice(start + step, stop + step)
                if stop <= start:
                    break
                kept = (self.users[left] == self.users[right]) & (self.items[left] != self.items[right])
                weight = self.age_weights[right][kept] / np.float32(step)
                weight[(self.times[right] - self.times[left])[kept] > DAY] *= np.float32(COVISIT_LATER_DAY)
                found.append((self.items[left][kept], self.items[right][kept], weight))
            yield found

    def column_sums(self) -> NDArray[np.float64]:
        """What all items together say of each."""
        total = np.zeros(self.size)
        for block in self.steps():
            for earlier, later, weight in block:
                total += np.bincount(later, weight, minlength=self.size)
                total += COVISIT_BACKWARD * np.bincount(earlier, weight, minlength=self.size)
        return total

    def pairs(self, low: int, high: int) -> Any:
        """Sparse sums of the weights of pairs, of shape (high - low, items): what items low to high say of others."""
        from scipy.sparse import csr_matrix

        shape = (high - low, self.size)
        whole = shape[0] == self.size
        total = csr_matrix(shape, dtype=np.float32)
        for block in self.steps():
            sources, targets, values = [], [], []
            for earlier, later, weight in block:
                for source, target, value in ((earlier, later, weight), (later, earlier, COVISIT_BACKWARD * weight)):
                    mine = slice(None) if whole else (source >= low) & (source < high)
                    sources.append(source[mine] - low)
                    targets.append(target[mine])
                    values.append(value[mine])
            if sources:
                rows = (np.concatenate(values), (np.concatenate(sources), np.concatenate(targets)))
                total = total + csr_matrix(rows, shape=shape)
        total.eliminate_zeros()
        return total.tocsr()
