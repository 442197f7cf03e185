"""What another policy would have earned on logged impressions: IPS, SNIPS and doubly robust estimates with intervals.

Horvitz and Thompson 1952; Swaminathan and Joachims 2015 (self-normalised); Dudik et al. 2011 (doubly robust).
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
    """Reward per impression, 95 % bootstrap interval; no `verdict` where clicks are too few to rank policies."""

    value: float
    low: float
    high: float
    effective_sample_size: float
    clicks: int
    verdict: bool


def ips(rewards: Floats, logged: Floats, target: Floats, *, seed: int = 0) -> Estimate:
    """Inverse propensity score. `logged` and `target` are each policy's probability of the action that was taken."""
    weight = _weights(rewards, logged, target)
    return _estimate(weight * rewards, np.ones_like(weight), weight, rewards, seed)


def snips(rewards: Floats, logged: Floats, target: Floats, *, seed: int = 0) -> Estimate:
    """Self-normalised inverse propensity score: less variance, a small bias."""
    weight = _weights(rewards, logged, target)
    return _estimate(weight * rewards, weight, weight, rewards, seed)


def doubly_robust(
    rewards: Floats, logged: Floats, target: Floats, guessed: Floats, expected: Floats, *, seed: int = 0
) -> Estimate:
    """`guessed` is a reward model's guess for the logged action, `expected` its mean guess under the target policy."""
    weight = _weights(rewards, logged, target)
    return _estimate(expected + weight * (rewards - guessed), np.ones_like(weight), weight, rewards, seed)


def _weights(rewards: Floats, logged: Floats, target: Floats) -> Floats:
    if not len(rewards) or not len(rewards) == len(logged) == len(target):
        raise ModelError("rewards, logged and target need the same length, at least one impression")
    if not (np.asarray(logged) > 0).all():
        raise ModelError("logged propensities must be positive: an action that could not be shown cannot be judged")
    weight: Floats = np.minimum(np.asarray(target, np.float64) / logged, LARGEST_WEIGHT)
    return weight


def _estimate(gain: Floats, base: Floats, weight: Floats, rewards: Floats, seed: int, rounds: int = 500) -> Estimate:
    rng = np.random.default_rng(seed)
    means = np.empty(rounds)
    for number in range(rounds):
        rows = rng.integers(0, len(gain), len(gain))
        means[number] = gain[rows].sum() / max(base[rows].sum(), 1e-12)
    low, high = np.quantile(means, [0.025, 0.975])
    clicks = int((np.asarray(rewards) > 0).sum())
    size = float(weight.sum() ** 2 / max(float((weight**2).sum()), 1e-12))
    value = float(gain.sum() / max(base.sum(), 1e-12))
    return Estimate(value, float(low), float(high), size, clicks, clicks >= FEWEST_CLICKS)
