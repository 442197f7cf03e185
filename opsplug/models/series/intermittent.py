"""Intermittent demand: Croston's method, its unbiased form SBA and TSB, which forgets what is no longer asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ZEROS = 0.5  # share of empty points, of those that are not always empty, from which demand is intermittent
ALWAYS = 0.95  # a place in the season that is empty so often is closed, not unasked
SPEED = 0.1  # of size and interval or probability: the usual 0.05 to 0.2 (Syntetos and Boylan 2005)
OUT_OF_PROPORTION = 3.0  # times the size that 95 % do not exceed: a larger one is a typing error, not demand
PATHS = 400
RECENT = 180  # points whose demand is drawn from


@dataclass(frozen=True, slots=True)
class Demand:
    """`rate` is the mean a point; `futures` (paths, horizon) are drawn, so that sums and quantiles can be taken."""

    rate: float
    futures: Array
    model: str
    error: float | None


def is_intermittent(series: Array, period: int) -> bool:
    """More than half of the open points are empty, and none is negative."""
    if len(series) < 3 * period or series.min() < 0:
        return False
    recent = series[-max(RECENT // period, 3) * period :]
    recent = recent[len(recent) % period :].reshape(-1, period)
    share = (recent == 0).mean(axis=0)
    opened = share < ALWAYS
    return bool(opened.any() and share[opened].mean() > ZEROS) or bool(not opened.any() and (series == 0).mean() < 1)


def croston(series: Array, debias: float = 1.0) -> Array:
    """The rate known after each point: smoothed size over smoothed interval (Croston 1972), times `debias`."""
    size = interval = 0.0
    since, known, rates = 1, False, np.empty(len(series))
    for t, value in enumerate(series.tolist()):
        if value > 0:
            size = size + SPEED * (value - size) if known else value
            interval = interval + SPEED * (since - interval) if known else float(since)
            known, since = True, 0
        since += 1
        rates[t] = debias * size / interval if known else 0.0
    return rates


def sba(series: Array) -> Array:
    """Croston without its bias (Syntetos and Boylan 2005)."""
    return croston(series, 1 - SPEED / 2)


def tsb(series: Array) -> Array:
    """Probability and size smoothed apart, the probability at every point: falls when nothing comes (Teunter 2011)."""
    size = probability = 0.0
    rates, known = np.empty(len(series)), False
    for t, value in enumerate(series.tolist()):
        speed = max(SPEED, 1 / (t + 1))
        probability += speed * ((value > 0) - probability)
        if value > 0:
            size, known = (size + SPEED * (value - size) if known else value), True
        rates[t] = probability * size
    return rates


def demand(series: Array, horizon: int) -> Demand:
    """The method whose rate erred least on the sums of `horizon` points (a stock is a sum), and futures at its rate."""
    usual = float(np.quantile(series[series > 0], 0.95))
    series = np.minimum(series, OUT_OF_PROPORTION * usual)
    running = np.cumsum(series) / np.arange(1, len(series) + 1)
    methods = {"mean": running, "SBA": sba(series), "TSB": tsb(series)}
    ahead = min(horizon, len(series) // 3)
    origins = np.arange(len(series) // 3, len(series) - ahead + 1)
    total = np.r_[0.0, np.cumsum(series)]
    sums = total[origins + ahead] - total[origins]
    errors = {name: float(np.mean((rates[origins - 1] * ahead - sums) ** 2)) for name, rates in methods.items()}
    best = min(errors, key=errors.__getitem__)
    rate = float(methods[best][-1])
    naive = float(np.mean(np.abs(np.diff(series))))
    guess = float(np.mean(np.abs(series[origins] - methods[best][origins - 1])))
    return Demand(rate, _futures(series, rate, horizon), f"intermittent, {best}", guess / naive if naive > 0 else None)


def _futures(series: Array, rate: float, horizon: int) -> Array:
    """Paths of demand: how often by a Beta posterior around the rate, how much from the sizes that were."""
    rng = np.random.default_rng(0)  # the same series has the same forecast
    recent = series[-RECENT:]
    sizes = recent[recent > 0] if (recent > 0).any() else series[series > 0]
    chance = min(rate / sizes.mean(), 1.0)
    seen = len(recent)
    probability = rng.beta(chance * seen + 0.5, (1 - chance) * seen + 0.5, (PATHS, 1))
    happens = rng.random((PATHS, horizon)) < probability
    return np.where(happens, rng.choice(sizes, (PATHS, horizon)), 0.0)


def quantiles(futures: Array, levels: Sequence[int]) -> tuple[dict[int, Array], dict[int, Array]]:
    """The same bounds at each step: the steps of a path are alike."""
    lower, upper = {}, {}
    for level in levels:
        tail = (1 - level / 100) / 2
        low, high = np.quantile(futures, [tail, 1 - tail])
        lower[level], upper[level] = np.full(futures.shape[1], low), np.full(futures.shape[1], high)
    return lower, upper
