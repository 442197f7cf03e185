"""What is rising: short-term popularity against long-term popularity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.base import Arrays, Evidence, Query, Scores
from opsplug.models.recommend.scorers.popularity import decayed, log_scaled

FAST, SLOW = 3.0, 24.0  # half-lives in active days
FLOOR = 0.01  # share of the most popular item below which a rise is noise


@dataclass(frozen=True, slots=True)
class Trend:
    name: ClassVar[str] = "trend"
    rise: Scores
    fresh: Scores  # short-term popularity, log scale

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> Trend:
        fast = decayed(evidence, FAST)
        rise = np.log((fast + FLOOR) / (decayed(evidence, SLOW) + FLOOR))
        rise = (np.maximum(rise, 0) / max(float(rise.max(initial=0)), 1e-9)).astype(np.float32)
        return cls(rise, log_scaled(fast))

    def export(self) -> Arrays:
        return {"rise": self.rise, "fresh": self.fresh}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Trend:
        return cls(arrays["rise"], arrays["fresh"])

    def score(self, query: Query) -> Scores:
        return self.rise
