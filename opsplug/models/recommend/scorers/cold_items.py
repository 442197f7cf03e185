"""New items: what nobody has taken yet is worth a share of what the items most like it are worth to this visitor.

No place is kept for new items: one enters a list by what its likes are worth, those that the visitor knows included.
How large the share may be, `newcomers` learns from the shop's own past.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.base import Arrays, Codes, Evidence, Neighbours, Query, Scores
from opsplug.models.recommend.candidates import View
from opsplug.models.recommend.scorers.content import item_features, nearest

LIKE = 10  # known items that may speak for a new one
SPEAK = 3  # of them, those worth most to the visitor do


@dataclass(frozen=True, slots=True)
class Fresh:
    name: ClassVar[str] = "new"
    codes: Codes  # of the new items
    rows: Neighbours  # of each new item: known items and their cosines
    size: int
    strength: float = 1.0  # the share

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> Fresh:
        return cls.of(evidence, item_features(evidence.items))

    @classmethod
    def of(cls, evidence: Evidence, features: Any) -> Fresh:
        """From the rows of `item_features`."""
        taken = np.bincount(evidence.log.items, minlength=evidence.size) > 0
        new, known = np.flatnonzero(~taken), np.flatnonzero(taken)
        if not len(new) or not len(known):
            nothing = Neighbours(np.zeros((0, 1), np.int32), np.zeros((0, 1), np.float32))
            return cls(np.zeros(0, np.int64), nothing, evidence.size)
        near = nearest(features, new, known, LIKE)
        return cls(new, Neighbours(known[near.codes].astype(np.int32), near.weights), evidence.size)

    def export(self) -> Arrays:
        return {
            "codes": self.codes, "size": np.array([self.size]), "strength": np.array([self.strength]),
            **self.rows.export("rows"),
        }  # fmt: skip

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Fresh:
        strength = float(arrays["strength"][0]) if "strength" in arrays else 1.0  # a model from before it was learnt
        return cls(arrays["codes"], Neighbours.load(arrays, "rows"), int(arrays["size"][0]), strength)

    def score(self, query: Query) -> Scores:
        return np.zeros(self.size, np.float32)

    def lifted(self, total: Scores, view: View | None = None) -> Scores:
        """`total` (of the items in view) with every new item raised by its share of the worth of its likes."""
        if not len(self.codes) or not self.strength:
            return total
        if view is None or view.place is None:
            places, rows = self.codes, self.rows
            worth = total[rows.codes]
        else:
            here = np.flatnonzero(view.place[self.codes] < len(view))
            places = view.place[self.codes[here]].astype(np.int64)
            rows = Neighbours(self.rows.codes[here], self.rows.weights[here])
            worth = np.append(total, 0)[view.place[rows.codes]]
        worth = np.maximum(worth, 0) * rows.weights
        if worth.shape[1] > SPEAK:
            worth = np.partition(worth, worth.shape[1] - SPEAK, axis=1)[:, -SPEAK:]
        total = total.copy()
        total[places] += self.strength / SPEAK * worth.sum(1)
        return total
