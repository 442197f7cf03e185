"""New items: what nobody has taken yet is worth what the items most like it are worth to this visitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.base import Arrays, Codes, Evidence, Neighbours, Query, Scores
from opsplug.models.content import item_features
from opsplug.models.view import View

LIKE = 10  # known items that speak for a new one


@dataclass(frozen=True, slots=True)
class Fresh:
    name: ClassVar[str] = "new"
    codes: Codes  # of the new items
    rows: Neighbours  # of each new item: known items and their shares, adding up to the cosine of the nearest
    size: int

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
        near = Neighbours.widest(features[new] @ features[known].T, LIKE)
        total = np.maximum(near.weights.sum(1, keepdims=True), 1e-9)
        shares = near.weights / total * near.weights.max(1, keepdims=True)
        return cls(new, Neighbours(known[near.codes].astype(np.int32), shares), evidence.size)

    def export(self) -> Arrays:
        return {"codes": self.codes, "size": np.array([self.size]), **self.rows.export("rows")}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Fresh:
        return cls(arrays["codes"], Neighbours.load(arrays, "rows"), int(arrays["size"][0]))

    def score(self, query: Query) -> Scores:
        return np.zeros(self.size, np.float32)

    def lifted(self, total: Scores, view: View | None = None) -> Scores:
        """`total` (of the items in view) with every new item raised to what its likes are worth."""
        if not len(self.codes):
            return total
        if view is None or view.place is None:
            total = total.copy()
            total[self.codes] += (total[self.rows.codes] * self.rows.weights).sum(1)
            return total
        place = view.place[self.codes]
        here = np.flatnonzero(place < len(view))
        worth = np.append(total, 0)[view.place[self.rows.codes[here]]]
        total = total.copy()
        total[place[here]] += (worth * self.rows.weights[here]).sum(1)
        return total
