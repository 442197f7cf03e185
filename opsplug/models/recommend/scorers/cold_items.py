"""Cold items: what nobody has taken yet is worth a share of what the known items most like it are worth to a visitor.

No place is kept for cold items: one enters a list by what its neighbours are worth, those that the visitor knows
included. How large the share may be, `cold_item_share` learns from the shop's own past.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Arrays, Codes, Scores
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.constants import COLD_NEIGHBOURS, COLD_SPEAKERS
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.neighbours import Neighbours
from opsplug.models.recommend.scorers.content import nearest


@dataclass(frozen=True, slots=True)
class ColdItems:
    """Not a channel: it raises the scores of cold items after the channels were added up."""

    name: ClassVar[str] = "cold_items"
    codes: Codes  # of the cold items
    rows: Neighbours  # of each cold item: known items and their cosines
    strength: float = 1.0  # the share

    @classmethod
    def of(cls, evidence: Evidence, features: Any) -> ColdItems:
        """From a log and the rows of `content.item_features`."""
        taken = np.bincount(evidence.log.items, minlength=evidence.size) > 0
        cold, known = np.flatnonzero(~taken), np.flatnonzero(taken)
        if not len(cold) or not len(known):
            return cls(np.zeros(0, np.int64), Neighbours(np.zeros((0, 1), np.int32), np.zeros((0, 1), np.float32)))
        near = nearest(features, cold, known, COLD_NEIGHBOURS)
        return cls(cold, Neighbours(known[near.codes].astype(np.int32), near.weights))

    def export(self) -> Arrays:
        return {"codes": self.codes, "strength": np.array([self.strength]), **self.rows.export("rows")}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> ColdItems:
        return cls(arrays["codes"], Neighbours.load(arrays, "rows"), float(arrays["strength"][0]))

    def raised(self, total: Scores, candidates: CandidateSet) -> Scores:
        """`total` (of the candidates) with every cold item raised by its share of the worth of its neighbours."""
        if not len(self.codes) or not self.strength:
            return total
        if candidates.position is None:
            positions, rows = self.codes, self.rows
            worth = total[rows.codes]
        else:
            here = np.flatnonzero(candidates.position[self.codes] < len(candidates))
            positions = candidates.position[self.codes[here]].astype(np.int64)
            rows = Neighbours(self.rows.codes[here], self.rows.weights[here])
            worth = np.append(total, 0)[candidates.position[rows.codes]]
        worth = np.maximum(worth, 0) * rows.weights
        if worth.shape[1] > COLD_SPEAKERS:
            worth = np.partition(worth, worth.shape[1] - COLD_SPEAKERS, axis=1)[:, -COLD_SPEAKERS:]
        total = total.copy()
        total[positions] += self.strength / COLD_SPEAKERS * worth.sum(1)
        return total
