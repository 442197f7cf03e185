"""What is rising: short-term popularity against long-term popularity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Arrays, Codes, Scores
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.constants import TREND_FAST, TREND_FLOOR, TREND_SLOW
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.scorer import Channel
from opsplug.models.recommend.scorers.popularity import decayed, log_scaled, most_popular


@dataclass(frozen=True, slots=True)
class Trend:
    name: ClassVar[str] = "trend"
    rise: Scores
    recent: Scores  # short-term popularity, log scale

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> Trend:
        fast = decayed(evidence, TREND_FAST)
        rise = np.log((fast + TREND_FLOOR) / (decayed(evidence, TREND_SLOW) + TREND_FLOOR))
        rise = (np.maximum(rise, 0) / max(float(rise.max(initial=0)), 1e-9)).astype(np.float32)
        return cls(rise, log_scaled(fast))

    def export(self) -> Arrays:
        return {"rise": self.rise, "recent": self.recent}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Trend:
        return cls(arrays["rise"], arrays["recent"])

    def score(self, query: Query, candidates: CandidateSet, channels: Sequence[Channel]) -> list[Scores]:
        values = {"recent": self.recent, "trend": self.rise}
        return [candidates.take(values[channel.name]) for channel in channels]

    def retrieve(self, query: Query) -> Codes:
        return np.concatenate([most_popular(self.recent), most_popular(self.rise)])
