"""Prediction intervals from the errors of a backtest (split conformal prediction)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bounds = dict[int, Array]

RARELY = 5  # errors of one step below which its size is taken from the other steps


def intervals(mean: Array, errors: Array, n: int, period: int, levels: Sequence[int]) -> tuple[Bounds, Bounds]:
    """Quantiles of the errors (origins, horizon), scaled by how far ahead a step is and by its place in the season."""
    tests, horizon = errors.shape
    known = np.isfinite(errors)
    size = np.where(known, np.abs(errors), 0.0)
    overall = size.sum() / known.sum() + 1e-12
    step = _step_scale(size, known) / overall
    place = (n - horizon - tests + 1 + np.arange(tests)[:, None] + np.arange(horizon)) % period
    if not known.all():
        place = (n - tests + np.arange(tests)[:, None] + np.arange(horizon)) % period
    count = np.bincount(place[known], minlength=period)
    total = np.bincount(place[known], weights=(size / (step + 1e-3))[known], minlength=period)
    phase = (total + 5 * overall) / (count + 5) / overall
    scaled = (errors / (step * phase[place] + 1e-3))[known]
    width = step * phase[(n + np.arange(horizon)) % period]
    freedom = known.sum() / horizon**2 + (0.0 if known.all() else 1.0)
    lower, upper = {}, {}
    for level in levels:
        tail = (1 - level / 100) / 2
        low, high = np.quantile(scaled, [tail, 1 - tail]) * student(1 - tail, max(freedom, 1.0))
        lower[level] = mean + min(low, 0.0) * width
        upper[level] = mean + max(high, 0.0) * width
    return lower, upper


def _step_scale(size: Array, known: NDArray[np.bool_]) -> Array:
    """Mean absolute error by step ahead, smoothed; as a power of the step where the far ones were seldom or never
    tested."""
    count, horizon = known.sum(axis=0), size.shape[1]
    mean = size.sum(axis=0) / np.maximum(count, 1) + 1e-12
    if count.min() < RARELY:
        often = count >= RARELY
        steps = np.log(np.arange(1, horizon + 1))
        if often.sum() < 3:
            return np.full(horizon, size.sum() / known.sum())
        x, y = steps[often] - steps[often].mean(), np.log(mean[often])
        power = min(max(float(x @ y) / float(x @ x), 0.0), 0.5)
        return np.asarray(np.exp(y.mean() + power * (steps - steps[often].mean())))
    return np.convolve(np.pad(mean, 2, mode="edge"), np.full(5, 0.2), mode="valid") if horizon > 4 else mean


def student(share: float, freedom: float) -> float:
    """Student's quantile over the normal one, by Cornish and Fisher: the errors of overlapping origins say as much as
    those of `freedom` separate ones, and the far tail is what they know least of."""
    z = NormalDist().inv_cdf(share)
    t = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return t / z if z > 0 else 1.0
