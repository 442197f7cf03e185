"""Practical significance: whether a deviation that is rare is also large enough for an alarm."""

from __future__ import annotations

from math import sqrt
from typing import Literal

LEAST_COUNT = 5.0  # things more or fewer than expected
SIGMAS = 3.0  # of the count's own noise (Poisson, binomial)
SHARE, MILLISECONDS, SCORE = 0.3, 100.0, 0.2


def is_practically_significant(
    unit: Literal["count", "money", "share", "ms", "score"], value: float, expected: float, whole: float = 0.0
) -> bool:
    """A count must be off by more than chance moves a count of that size, a share by more than chance moves a share of
    `whole` things; a time by a tenth of a second and 30 %; money by 30 %; a sentiment by 0.2."""
    off = abs(value - expected)
    if unit == "count":
        return off >= LEAST_COUNT and off >= SIGMAS * sqrt(max(expected, value, 1.0))
    if unit == "share":
        middle = min(max((value + expected) / 2, 0.5 / max(whole, 1.0)), 1.0)
        noise = sqrt(middle * max(1 - middle, 0.0) / max(whole, 1.0))
        return off >= SIGMAS * noise and off * whole >= LEAST_COUNT
    if unit == "ms":
        return off >= MILLISECONDS and off >= SHARE * max(expected, 1.0)
    return off >= SCORE if unit == "score" else off >= SHARE * max(abs(expected), 1e-9)
