"""What rises and what falls: counts of two periods beside those of the whole shop, with floors and a test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MIN_COUNT: Final = 20  # of both periods together; below it a change says nothing
LEAST_CHANGE: Final = 1.25  # times, up or down, beside the shop as a whole
FALSE_SHARE: Final = 0.05  # of all that is shown, at most so much may be chance
Z80: Final = 1.2816


@dataclass(frozen=True, slots=True)
class Trend:
    """`before` and `now` are counts of periods of equal length; `change` is now over before beside that of the whole,
    with an 80 % interval; `p` is two-sided."""

    key: str
    before: int
    now: int
    change: float
    lower: float
    upper: float
    p: float

    @property
    def rises(self) -> bool:
        return self.change > 1


def trends(before: Mapping[str, float], now: Mapping[str, float], *, most: int = 20) -> list[Trend]:
    """Keys whose share of the whole surely changed, the surest first, at most `most` each way.

    Each key's share of two periods is compared by a binomial test; since buyers come in groups, its spread is widened
    until the middle of all keys looks like chance. The false discovery rate is held (Benjamini and Hochberg 1995)."""
    whole_before, whole_now = sum(before.values()), sum(now.values())
    if whole_before <= 0 or whole_now <= 0:
        return []
    share = whole_now / (whole_before + whole_now)
    keys = [key for key in {*before, *now} if before.get(key, 0) + now.get(key, 0) >= MIN_COUNT]
    surprise = {key: _z(before.get(key, 0), now.get(key, 0), share) for key in keys}
    squares = sorted(z * z for z in surprise.values())
    spread = max(1.0, squares[len(squares) // 2] / 0.455) if len(squares) >= 30 else 1.0
    found = []
    for key in sorted(keys):
        a, b = before.get(key, 0), now.get(key, 0)
        change = (b + 0.5) / (a + 0.5) * whole_before / whole_now
        width = Z80 * math.sqrt(spread * (1 / (a + 0.5) + 1 / (b + 0.5)))
        p = math.erfc(abs(surprise[key]) / math.sqrt(2 * spread))
        found.append(Trend(key, int(a), int(b), change, change * math.exp(-width), change * math.exp(width), p))
    found.sort(key=lambda trend: trend.p)
    sure = max((rank for rank, trend in enumerate(found, 1) if trend.p <= FALSE_SHARE * rank / len(found)), default=0)
    large = [trend for trend in found[:sure] if max(trend.change, 1 / trend.change) >= LEAST_CHANGE]
    up, down = ([trend for trend in large if trend.rises is way][:most] for way in (True, False))
    return up + down


def _z(a: float, b: float, share: float) -> float:
    """Standard normal surprise of `b` out of `a + b` where `share` was expected, with continuity correction."""
    n = a + b
    gap = abs(b - n * share) - 0.5
    return max(gap, 0.0) / math.sqrt(n * share * (1 - share)) if 0 < share < 1 else 0.0
