"""The record of a finding, and its statistics: one-sided tests, confidence intervals, false discovery rate."""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, lgamma, log, log1p, sqrt
from typing import Any, Final

import msgspec

FALSE_SHARE: Final = 0.05  # of the claims that a run may make wrongly (Benjamini and Hochberg, 1995)


STORED_NAMES: Final = {"impact": "hurt"}  # what a field is called in documents, since the first version


class Finding(msgspec.Struct, kw_only=True, rename=STORED_NAMES):
    """A claim about one subject: a page, a search, a product.

    Attributes
    ----------
    kind, subject : str
    facts : dict
        The numbers of the sentence.
    impact : float
        About how many visits it touches.
    p : float or None
        p-value; None for what was simply counted.
    telling : bool
        Whether the effect is large enough to matter.
    low, high : float or None
        Bounds of the effect, 95 %.
    tone : {"worse", "watch"}
    """

    kind: str
    subject: str
    facts: dict[str, Any]
    impact: float
    p: float | None = None
    telling: bool = True
    low: float | None = None
    high: float | None = None
    tone: str = "watch"  # worse | watch

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.subject}"


def benjamini_hochberg(candidates: Sequence[Finding], share: float = FALSE_SHARE) -> list[Finding]:
    """Of all that was tested, what stands when wrong claims may be `share` of all claims; and all that was counted."""
    tested = sorted((finding for finding in candidates if finding.p is not None), key=lambda finding: finding.p or 0.0)
    last = 0
    for place, finding in enumerate(tested, 1):
        if (finding.p or 0.0) <= share * place / len(tested):
            last = place
    return [finding for finding in [*tested[:last], *(f for f in candidates if f.p is None)] if finding.telling]


def binomial_test(hits: float, trials: float, rate: float) -> float:
    """P(at least so many hits in so many trials at this rate): one-sided binomial test. 1 where it is no more than
    expected: nobody asks how likely that is."""
    k, n = round(hits), round(trials)
    rate = min(max(rate, 1e-12), 1 - 1e-12)
    if k <= n * rate or n <= 0:
        return 1.0
    chance = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(rate) + (n - k) * log1p(-rate))
    total, odds = chance, rate / (1 - rate)
    while k < n and chance > 1e-16 * total:  # beyond the mean each term is smaller than the one before
        chance *= (n - k) / (k + 1) * odds
        total, k = total + chance, k + 1
    return min(total, 1.0)


def two_proportion_test(hits: float, trials: float, hits_before: float, trials_before: float) -> float:
    """One-sided p value that a share rose: two proportions, pooled."""
    if not trials or not trials_before:
        return 1.0
    pooled = (hits + hits_before) / (trials + trials_before)
    spread = sqrt(max(pooled * (1 - pooled), 1e-12) * (1 / trials + 1 / trials_before))
    return _above((hits / trials - hits_before / trials_before) / spread)


def difference(hits: float, trials: float, hits_before: float, trials_before: float) -> tuple[float, float]:
    """95 % interval of the difference of two shares (Agresti and Caffo, 2000)."""
    a, b = (hits + 1) / (trials + 2), (hits_before + 1) / (trials_before + 2)
    half = 1.96 * sqrt(a * (1 - a) / (trials + 2) + b * (1 - b) / (trials_before + 2))
    return a - b - half, a - b + half


def share_interval(hits: float, trials: float) -> tuple[float, float]:
    """95 % interval of a share (Wilson, 1927)."""
    if not trials:
        return 0.0, 1.0
    share, z = hits / trials, 1.96
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _above(z: float) -> float:
    return 0.5 * erfc(z / sqrt(2))
