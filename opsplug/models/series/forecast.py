"""Forecasts with intervals: an ensemble of ridge on lags and seasonal means, weighted by backtest for each series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opsplug.models.series.candidates import Backtest, Candidate, backtest
from opsplug.models.series.combination import out_of_sample, select
from opsplug.models.series.effects import Effects, known_matrix, remove_effects
from opsplug.models.series.intermittent import demand, is_intermittent, quantiles
from opsplug.models.series.intervals import intervals
from opsplug.models.series.smoothing import smoothing_backtest

Array = NDArray[np.float64]
MAX_HISTORY = 2200  # points looked back at: two months would do for hours, seven years for days
LARGEST = 1e150
FUTURES = 100


@dataclass(frozen=True, slots=True)
class Forecast:
    """A forecast with its intervals.

    Attributes
    ----------
    mean : ndarray of shape (horizon,)
        In the series' unit.
    lower, upper : dict of int to ndarray of shape (horizon,)
        By level in per cent: `lower[80]`.
    model : str
        The one with the most weight.
    reason : str
        What was wrong with the series, if anything.
    error : float or None
        The backtest's error divided by that of seasonal naive; below 1 is better.
    futures : ndarray of shape (paths, horizon)
        The forecast with the backtest's own errors, whole paths, so that sums over days can be judged.
    """

    mean: Array
    lower: dict[int, Array]
    upper: dict[int, Array]
    model: str = "seasonal naive"
    reason: str = ""
    error: float | None = None
    futures: Array = field(default_factory=lambda: np.empty((0, 0)))


def forecast(
    values: ArrayLike, period: int, horizon: int, levels: Sequence[int] = (80, 95), *, known: ArrayLike | None = None
) -> Forecast:
    """Forecast the points after a series.

    Parameters
    ----------
    values : array_like of shape (n,)
        Equally spaced, oldest first. Gaps (NaN) and infinite values are filled by the season before. A series that is
        never
        negative is never forecast negative.
    period : int
        Points of one season: 7 for days, 24 for hours.
    horizon : int
        Points wanted.
    levels : sequence of int
        Levels of the intervals in per cent.
    known : array_like of shape (n + horizon, columns), optional
        What is known for past and future, such as 1 on holidays, a price, a promotion.

    Returns
    -------
    Forecast

    Raises
    ------
    ValueError
        `period`, `horizon`, a level or the shape of `known` is out of range.

    References
    ----------
    .. [1] Hyndman and Athanasopoulos, "Forecasting: principles and practice", 3rd edition, 2021.
    """
    if period < 1 or horizon < 1 or any(not 0 < level < 100 for level in levels):
        raise ValueError("period and horizon must be at least 1, levels between 0 and 100")
    series, reason = _clean(values, period)
    influences = None if known is None else known_matrix(known, len(np.ravel(values)) + horizon)
    if len(series) < 2 or np.ptp(series) == 0:
        level = np.full(horizon, series[-1] if len(series) else 0.0)
        why = reason or ("no values" if len(series) == 0 else "constant" if len(series) > 1 else "a single value")
        return Forecast(level, dict.fromkeys(levels, level), dict.fromkeys(levels, level), "constant", why)
    if influences is not None and len(series) >= 3 * period:
        effects = remove_effects(series, influences[-len(series) - horizon :], period)
        return _restored(_unaided(effects.adjusted, period, horizon, levels, reason), effects)
    return _unaided(series, period, horizon, levels, reason)


def _unaided(series: Array, period: int, horizon: int, levels: Sequence[int], reason: str) -> Forecast:
    """By the series' own past only."""
    if is_intermittent(series, period):
        return _intermittent(series, horizon, levels, reason)
    tested = backtest(series, period, horizon) or smoothing_backtest(series, period, horizon)
    if tested is None:
        return _short(series, period, horizon, levels, reason)
    return _combined(series, tested, period, levels, reason)


def _restored(one: Forecast, effects: Effects) -> Forecast:
    return replace(
        one,
        mean=effects.restore(one.mean),
        lower={level: effects.restore(bound) for level, bound in one.lower.items()},
        upper={level: effects.restore(bound) for level, bound in one.upper.items()},
        futures=effects.restore(one.futures) if len(one.futures) else one.futures,
    )


def _combined(series: Array, tested: Backtest, period: int, levels: Sequence[int], reason: str) -> Forecast:
    """The weighted mean of the candidates, with the intervals of its own backtest errors."""
    weights = select(tested.actual, [candidate.guesses for candidate in tested.candidates])
    chosen = [(share, one) for share, one in zip(weights, tested.candidates, strict=True) if share > 0]
    mean = np.sum([share * one.mean() for share, one in chosen], axis=0)
    errors = out_of_sample(tested.actual, [candidate.guesses for candidate in tested.candidates])
    lower, upper = intervals(mean, errors, len(series), period, levels)
    naive = float(np.nanmean(np.abs(tested.actual - tested.candidates[0].guesses)))
    paths = errors[np.isfinite(errors).all(axis=1)]

    def clip(x: Array) -> Array:
        return np.maximum(x, 0.0) if series.min() >= 0 else x

    return Forecast(
        clip(mean),
        {level: clip(bound) for level, bound in lower.items()},
        {level: clip(bound) for level, bound in upper.items()},
        _heaviest(chosen),
        reason,
        float(np.nanmean(np.abs(errors))) / naive if naive > 0 else None,
        clip(mean + paths[:: -max(1, len(paths) // FUTURES)]),
    )


def _intermittent(series: Array, horizon: int, levels: Sequence[int], reason: str) -> Forecast:
    found = demand(series, horizon)
    lower, upper = quantiles(found.futures, levels)
    mean = np.full(horizon, found.rate)
    return Forecast(mean, lower, upper, found.model, reason, found.error, found.futures[:FUTURES])


def _heaviest(chosen: Sequence[tuple[float, Candidate]]) -> str:
    """The name of the method that has the most weight over all its settings."""
    shares: dict[str, float] = {}
    for share, one in chosen:
        shares[one.name] = shares.get(one.name, 0.0) + share
    return max(shares, key=shares.__getitem__)


def _clean(values: ArrayLike, period: int) -> tuple[Array, str]:
    series = np.array(values, dtype=float).ravel()
    good = np.isfinite(series) & (np.abs(np.where(np.isfinite(series), series, 0.0)) < LARGEST)
    if not good.any():
        return np.empty(0), "no values"
    first, last = int(np.argmax(good)), len(series) - int(np.argmax(good[::-1]))
    series, good = series[first:], good[first:]
    reason = "" if good.all() else f"{int((~good).sum())} gaps filled"
    position = np.arange(len(series))
    straight = np.interp(position, position[good], series[good])
    for i in np.flatnonzero(~good):
        series[i] = series[i - period] if i >= period else straight[i]
    if last < first:
        return np.empty(0), "no values"
    return series[-MAX_HISTORY:], reason


def _short(series: Array, period: int, horizon: int, levels: Sequence[int], reason: str) -> Forecast:
    """Too few points for a backtest: repeat the last season, or the mean; the interval is the spread of the changes."""
    season = period if len(series) >= 2 * period else 1
    mean = np.resize(series[-season:], horizon) if season > 1 else np.full(horizon, series.mean())
    changes = np.abs(series[season:] - series[:-season])
    lower, upper = {}, {}
    for level in levels:
        width = float(np.quantile(changes, level / 100)) * 1.2
        lower[level], upper[level] = mean - width, mean + width
        if series.min() >= 0:
            lower[level] = np.maximum(lower[level], 0.0)
    return Forecast(mean, lower, upper, "seasonal naive" if season > 1 else "mean", reason or "a short series")


def runs_out(
    values: ArrayLike, period: int, horizon: int, stock: float, *, known: ArrayLike | None = None
) -> tuple[int | None, int | None, int | None]:
    """Estimate when demand has used up a stock.

    Parameters
    ----------
    values : array_like of shape (n,)
        Units of each past step, oldest first.
    period, horizon : int
        As of `forecast`.
    stock : float
        Units in stock now.
    known : array_like of shape (n + horizon, columns), optional
        As of `forecast`.

    Returns
    -------
    tuple of (int or None, int or None, int or None)
        Early, middle and late step ahead at which one tenth, half and nine tenths of the futures have used it up; None
        where that is past the horizon.

    Raises
    ------
    ValueError
        As of `forecast`.
    """
    result = forecast(values, period, horizon, known=known)
    futures = result.futures if len(result.futures) else result.mean[None]
    gone = np.cumsum(np.maximum(futures, 0.0), axis=1) >= stock
    step = np.where(gone.any(axis=1), gone.argmax(axis=1) + 1, horizon + 1)
    found = [int(np.quantile(step, share, method="higher")) for share in (0.1, 0.5, 0.9)]
    early, middle, late = (step if step <= horizon else None for step in found)
    return early, middle, late
