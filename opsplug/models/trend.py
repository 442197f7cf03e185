"""What is rising: short-term popularity against long-term popularity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.base import Arrays, Evidence, Query, Scores
from opsplug.models.popularity import decayed

FAST, SLOW = 3.0, 24.0  # half-lives in active days
FLOOR = 0.01  # share of the most popular item below which a rise is noise


@dataclass(frozen=True, slots=True)
class Trend:
    name: ClassVar[str] = "trend"
    rise: Scores

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> Trend:
        rise = np.log((decayed(evidence, FAST) + FLOOR) / (decayed(evidence, SLOW) + FLOOR))
        return cls((np.maximum(rise, 0) / max(float(rise.max(initial=0)), 1e-9)).astype(np.float32))

    def export(self) -> Arrays:
        return {"rise": self.rise}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Trend:
        return cls(arrays["rise"])

    def score(self, query: Query) -> Scores:
        return self.rise
