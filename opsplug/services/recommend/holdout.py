"""The holdout that measures what recommendations earn: sticky groups, and an interval that may be looked at every day.

The interval is an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, "Time-uniform
central limit theory and asymptotic confidence sequences", Annals of Statistics): it covers the true difference at all
times at once, so stopping when it excludes zero is honest.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST_VISITORS = 200  # in each arm
FEWEST_SUCCESSES = 20  # visitors with a value other than 0, in each arm
TIGHTEST_AT = 5000  # visitors at which the interval is narrowest


def share_of(visitor: str, experiment: str, seed: int = 0) -> float:
    """A number in [0, 1) that is always the same for a visitor and an experiment."""
    text = f"{seed}/{experiment}/{visitor}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) / 2**64


def in_holdout(visitor: str | None, share: float, seed: int = 0) -> bool:
    """True for the sticky share of visitors who get popular items only. Who has no id is never in it."""
    return visitor is not None and share > 0 and share_of(visitor, "holdout", seed) < share


@dataclass(frozen=True, slots=True)
class Lift:
    """Mean per visitor with recommendations minus without; `low` and `high` hold at every look."""

    difference: float
    low: float
    high: float
    treated: int
    held_out: int
    verdict: str
    missing: tuple[str, int, int] | None = None  # what is too little yet (visitors, buyers or holdout), have, need

    @property
    def enough(self) -> bool:
        return math.isfinite(self.low)


def lift(
    treated: Sequence[float] | NDArray[np.float64],
    held_out: Sequence[float] | NDArray[np.float64],
    *,
    share: float,
    alpha: float = 0.05,
) -> Lift:
    """Compare one value per visitor (revenue, or 1 for a buyer); `share` is the planned share of the holdout."""
    a, b = np.asarray(treated, np.float64), np.asarray(held_out, np.float64)
    few = _too_few(a, b) if 0 < share < 1 else ("holdout", 0, 1)
    if few:
        difference = float(a.mean() - b.mean()) if len(a) and len(b) else math.nan
        what, have, need = few
        said = "there is no holdout" if what == "holdout" else f"{have} of {need} {what} in the smaller group"
        return Lift(difference, -math.inf, math.inf, len(a), len(b), f"not enough data yet ({said})", few)
    difference = float(a.mean() - b.mean())
    variance = float(a.var() / (1 - share) + b.var() / share)  # of the influence function of a difference of means
    half = math.sqrt(variance) * boundary(len(a) + len(b), alpha)
    low, high = difference - half, difference + half
    verdict = "better than without" if low > 0 else "worse than without" if high < 0 else "no difference shown yet"
    return Lift(difference, low, high, len(a), len(b), verdict)


def boundary(n: int, alpha: float = 0.05, tightest_at: int = TIGHTEST_AT) -> float:
    """Half-width at `n` observations of unit variance: Robbins' normal mixture (equation 8 of the paper)."""
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tightest_at
    return math.sqrt(2 * (n * rho2 + 1) / (n * n * rho2) * math.log(math.sqrt(n * rho2 + 1) / alpha))


def _too_few(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[str, int, int] | None:
    visitors = min(len(a), len(b))
    if visitors < FEWEST_VISITORS:
        return "visitors", visitors, FEWEST_VISITORS
    successes = min(int(np.count_nonzero(a)), int(np.count_nonzero(b)))
    if successes < FEWEST_SUCCESSES:
        return "buyers", successes, FEWEST_SUCCESSES
    return None
