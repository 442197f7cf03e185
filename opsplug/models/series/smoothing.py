"""Exponential smoothing with a shrunken seasonal profile, for series too short for a regression on their lags."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opsplug.models.series.candidates import Backtest, Candidate, spaces

Array = NDArray[np.float64]

# (discount of a point's weight by the next, damping of the trend or 0 for none): level of the last week, the last month
# and the whole past, and growth that fades. Finer grids gave the same error (daily series cut to 30, 60, 90 days).
SETTINGS = ((0.6, 0.0), (0.9, 0.0), (0.98, 0.0), (0.95, 0.95))
FADE = 0.9  # of a season's weight in the profile by each later season
MOST_ORIGINS = 40


def smoothing_backtest(series: Array, period: int, horizon: int) -> Backtest | None:
    """Candidates at every origin from two seasons on; what lies beyond the end of the series is NaN in `actual`."""
    n = len(series)
    first = max(2 * period, 8, n - MOST_ORIGINS)
    if n - first < 5:
        return None
    origins = np.arange(first, n + 1)  # the last one is the end of the series
    padded = np.r_[series, np.full(horizon, np.nan)]
    actual = padded[origins[:-1, None] + np.arange(horizon)]
    naive = np.stack([np.resize(series[t - period : t], horizon) for t in origins])
    found = [_candidate("seasonal naive", naive)]
    for into, back in spaces(series):
        y = into(series)
        profiles = np.stack([_profile(y[:t], period) for t in origins])
        for discount, damping in SETTINGS:
            paths = back(_smoothed(y, profiles, origins, horizon, discount, damping))
            found.append(_candidate("exponential smoothing", paths))
    return Backtest(actual, found)


def _candidate(name: str, paths: Array) -> Candidate:
    return Candidate(name, paths[:-1], lambda: paths[-1])


def _smoothed(
    y: Array, profiles: Array, origins: NDArray[np.intp], horizon: int, discount: float, damping: float
) -> Array:
    """The `horizon` points from each origin on, knowing those before it."""
    period, at = profiles.shape[1], np.arange(len(y))
    age = at - (origins[:, None] - 1.0)  # 0 at the newest point, negative before
    weight = np.where(age <= 0, discount ** np.minimum(-age, 1e4), 0.0)
    weight /= weight.sum(axis=1, keepdims=True)
    plain = y - profiles[:, at % period]
    level = (weight * plain).sum(axis=1, keepdims=True)
    slope = np.zeros_like(level)
    if damping:
        middle = (weight * age).sum(axis=1, keepdims=True)
        spread = (weight * (age - middle) ** 2).sum(axis=1, keepdims=True)
        slope = (weight * (age - middle) * (plain - level)).sum(axis=1, keepdims=True) / (spread + period)
        level = level - slope * middle
    steps = np.arange(1, horizon + 1)
    growth = slope * damping * (1 - damping**steps) / (1 - damping)
    place = (origins[:, None] - 1 + steps) % period
    return np.asarray(level + growth + np.take_along_axis(profiles, place, axis=1))


def _profile(past: Array, period: int) -> Array:
    """What each place in the season has over the season's mean, shrunk by its own noise (empirical Bayes)."""
    seasons = len(past) // period
    if period == 1 or seasons < 2:
        return np.zeros(period)
    start = len(past) - seasons * period
    blocks = past[start:].reshape(seasons, period)
    weight = FADE ** np.arange(seasons - 1, -1, -1.0)
    over = blocks - blocks.mean(axis=1, keepdims=True)
    profile = np.average(over, axis=0, weights=weight)
    free = weight.sum() ** 2 / (weight**2).sum()  # seasons that the weighted mean is worth
    noise = float(np.average((over - profile) ** 2, axis=0, weights=weight).sum()) / max(period - 1, 1) / (free - 1)
    signal = max(float(profile @ profile) / max(period - 1, 1) - noise, 0.0)
    return np.asarray(np.roll(profile * signal / (signal + noise + 1e-300), start % period))
