"""What another policy would have earned on logged impressions: IPS, SNIPS and doubly robust estimates with intervals.

Horvitz and Thompson 1952; Swaminathan and Joachims 2015 (self-normalised); Dudik et al. 2011 (doubly robust). A sum of
few, unequally weighted clicks is skewed, and a bootstrap or normal interval misses the truth from below; so intervals
are those of Fay and Feuer (1997, Statistics in Medicine) for weighted sums of Poisson counts, which hold for few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ModelError

FEWEST_CLICKS = 200
LARGEST_WEIGHT = 100.0  # importance weights are clipped here: a little bias for a bounded variance

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """Reward per impression, 95 % interval; no `verdict` where clicks are too few to rank policies."""

    value: float
    low: float
    high: float
    effective_sample_size: float
    clicks: int
    verdict: bool


def ips(rewards: Floats, logged: Floats, target: Floats) -> Estimate:
    """Inverse propensity score. `logged` and `target` are each policy's probability of the action that was taken."""
    weight = _weights(rewards, logged, target)
    return _estimate(rewards, weight, float(len(weight)))


def snips(rewards: Floats, logged: Floats, target: Floats) -> Estimate:
    """Self-normalised inverse propensity score: less variance, a small bias."""
    weight = _weights(rewards, logged, target)
    return _estimate(rewards, weight, float(weight.sum()))


def doubly_robust(rewards: Floats, logged: Floats, target: Floats, guessed: Floats, expected: Floats) -> Estimate:
    """`guessed` is a reward model's guess for the logged action, `expected` its mean guess under the target policy."""
    weight = _weights(rewards, logged, target)
    correction = float(np.mean(expected - weight * guessed))
    return _estimate(rewards, weight, float(len(weight)), correction)


def _weights(rewards: Floats, logged: Floats, target: Floats) -> Floats:
    if not len(rewards) or not len(rewards) == len(logged) == len(target):
        raise ModelError("rewards, logged and target need the same length, at least one impression")
    if not (np.asarray(logged) > 0).all():
        raise ModelError("logged propensities must be positive: an action that could not be shown cannot be judged")
    weight: Floats = np.minimum(np.asarray(target, np.float64) / logged, LARGEST_WEIGHT)
    return weight


def _estimate(rewards: Floats, weight: Floats, impressions: float, correction: float = 0.0) -> Estimate:
    """Weighted rewards per impression, plus a correction whose own doubt is small beside that of rare clicks."""
    gain = weight * rewards
    total, scale = float(gain.sum()), max(impressions, 1e-12)
    low, high = _bounds(total, float((gain**2).sum()), float(weight.max(initial=0.0)))
    clicks = int((np.asarray(rewards) > 0).sum())
    size = float(weight.sum() ** 2 / max(float((weight**2).sum()), 1e-12))
    return Estimate(
        total / scale + correction, low / scale + correction, high / scale + correction, size, clicks,
        clicks >= FEWEST_CLICKS,
    )  # fmt: skip


def _bounds(total: float, square: float, largest: float) -> tuple[float, float]:
    """Gamma interval of a weighted sum of Poisson counts; `square` is the sum of the squared weights counted."""
    low = 0.0
    if total > 0:
        low = square / (2 * total) * _chi2(2 * total**2 / square, -1.959964)
    more, spread = total + largest, square + largest**2
    high = spread / (2 * more) * _chi2(2 * more**2 / spread, 1.959964) if more > 0 else 0.0
    return low, high


def _chi2(freedom: float, z: float) -> float:
    """Quantile of chi squared at the normal deviate z (Wilson and Hilferty 1931)."""
    part = 2 / (9 * freedom)
    return float(freedom * max(1 - part + z * part**0.5, 0.0) ** 3)
