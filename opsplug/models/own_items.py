"""Buy again: the visitor's own items by how often and how lately they were taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.base import Arrays, Evidence, Query, Scores

DECAY = 0.985  # per event


@dataclass(frozen=True, slots=True)
class OwnItems:
    name: ClassVar[str] = "buy_again"
    size: int

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> OwnItems:
        return cls(evidence.size)

    def export(self) -> Arrays:
        return {"size": np.array([self.size])}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> OwnItems:
        return cls(int(arrays["size"][0]))

    def score(self, query: Query) -> Scores:
        weight = DECAY ** np.arange(len(query.items))[::-1]
        return np.bincount(query.items, weight, minlength=self.size).astype(np.float32)
