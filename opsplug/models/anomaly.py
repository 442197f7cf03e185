"""Streaming anomaly detection on one series, in constant memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import exp, isfinite, sqrt
from typing import Any


@dataclass(frozen=True, slots=True)
class AnomalyScore:
    """`score` in [0, 1]; `expected`, `lower`, `upper` in the series' unit; `is_anomaly` at the shipped threshold."""

    score: float
    expected: float
    lower: float
    upper: float
    is_anomaly: bool
    reason: str = ""


class StreamingDetector:
    """`update(timestamp, value)` scores one point and learns from it. Timestamps: aware datetimes or epoch seconds."""

    threshold = 0.5

    def __init__(self) -> None:
        self._n, self._mean, self._var = 0, 0.0, 0.0

    def update(self, timestamp: datetime | float, value: float) -> AnomalyScore:
        if not isfinite(value):
            return AnomalyScore(0.0, self._mean, self._mean, self._mean, False, "no number")
        sd = sqrt(self._var + max(abs(self._mean), 1e-9))
        z = abs(value - self._mean) / sd if self._n > 30 else 0.0
        mean = self._mean
        a = 1 / min(self._n + 1, 200)
        self._n += 1
        d = value - self._mean
        self._mean += a * d
        self._var += a * (d * d - self._var)
        score = 1 - exp(-((z / 5) ** 2) * 0.7)
        return AnomalyScore(score, mean, mean - 3 * sd, mean + 3 * sd, score >= self.threshold)

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> StreamingDetector:
        detector = cls()
        vars(detector).update(state)
        return detector
