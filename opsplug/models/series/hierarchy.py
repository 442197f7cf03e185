"""Forecasts that add up (product, category, shop): least squares reconciliation (MinT with variances only)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np

from opsplug.models.series.forecast import Forecast

K = TypeVar("K", bound=Hashable)


def reconcile(forecasts: Mapping[K, Forecast], parents: Mapping[K, K]) -> dict[K, Forecast]:
    """Each parent's mean becomes the sum of its children's; the intervals move along with the means.

    `parents` names the parent of each key that has one; the children of a parent must be all its parts. What a series
    is changed by grows with the variance of its errors (Wickramasuriya et al. 2019, diagonal weights). Means that no
    one could sell (below zero) are raised to zero where all series are never negative. ValueError on a circle."""
    keys = list(forecasts)
    place = {key: n for n, key in enumerate(keys)}
    leaves = [key for key in keys if key not in set(parents.values())]
    if len(leaves) == len(keys) or not keys:
        return dict(forecasts)
    sums = np.zeros((len(keys), len(leaves)))
    for column, leaf in enumerate(leaves):
        key, climbed = leaf, 0
        while True:
            sums[place[key], column] = 1.0
            if key not in parents:
                break
            key, climbed = parents[key], climbed + 1
            if climbed > len(keys):
                raise ValueError("the hierarchy has a circle")
    means = np.stack([forecasts[key].mean for key in keys])
    weight = np.array([1.0 / _variance(forecasts[key]) for key in keys])
    bottom = np.linalg.solve((sums.T * weight) @ sums, (sums.T * weight) @ means)
    if all(bound.min() >= 0 for one in forecasts.values() for bound in one.lower.values()):
        bottom = np.maximum(bottom, 0.0)
    return {key: _moved(forecasts[key], mean) for key, mean in zip(keys, sums @ bottom, strict=True)}


def _variance(one: Forecast) -> float:
    """From the widest interval; a series without one (constant) is hardly moved."""
    level = max(one.lower, default=0)
    width = float(np.mean(one.upper[level] - one.lower[level])) if level else 0.0
    return max(width, 1e-6 * (1.0 + float(np.abs(one.mean).mean()))) ** 2


def _moved(one: Forecast, mean: np.ndarray) -> Forecast:
    change = mean - one.mean
    floor = 0.0 if min((bound.min() for bound in one.lower.values()), default=0.0) >= 0 else -np.inf
    return replace(
        one,
        mean=mean,
        lower={level: np.maximum(bound + change, floor) for level, bound in one.lower.items()},
        upper={level: np.maximum(bound + change, floor) for level, bound in one.upper.items()},
        futures=np.maximum(one.futures + change, floor) if len(one.futures) else one.futures,
    )
