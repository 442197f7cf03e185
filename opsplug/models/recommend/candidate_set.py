"""The items that are scored for one list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Codes


@dataclass(frozen=True, slots=True)
class CandidateSet:
    """`size` items of the vocabulary, of which those in `codes` (ascending; None: all) are scored."""

    size: int
    codes: Codes | None = None
    position: NDArray[np.int32] | None = None  # of every item in `codes`, their number for items not among them

    @classmethod
    def subset(cls, size: int, codes: Codes) -> CandidateSet:
        position = np.full(size, len(codes), np.int32)
        position[codes] = np.arange(len(codes), dtype=np.int32)
        return cls(size, codes, position)

    def __len__(self) -> int:
        return self.size if self.codes is None else len(self.codes)

    def take(self, values: NDArray[Any]) -> NDArray[Any]:
        """The entries of the candidates, of one value per item of the vocabulary."""
        return values if self.codes is None else values.take(self.codes, axis=0)

    def positions(self, codes: Codes) -> Codes:
        """Where these items stand among the candidates, without those that are none."""
        if self.position is None:
            return codes
        found = self.position[codes]
        return found[found < len(self)].astype(np.int64)

    def items(self, positions: Codes) -> Codes:
        return positions if self.codes is None else self.codes[positions]

    def sums(self, codes: NDArray[Any], weights: NDArray[Any]) -> NDArray[np.float64]:
        """Sums of `weights` by item, one per candidate."""
        if self.position is None:
            return np.bincount(codes, weights, minlength=self.size).astype(np.float64, copy=False)
        found = np.bincount(self.position.take(codes), weights, minlength=len(self) + 1)
        return found[: len(self)].astype(np.float64, copy=False)
