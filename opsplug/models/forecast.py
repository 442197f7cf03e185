"""Forecasts with intervals that mean what they say: ridge on lags against seasonal means and seasonal naive,
chosen per series by backtest; intervals from the errors of that backtest (split conformal prediction)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import NormalDist

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
LONGEST = 2200  # points looked back at: two months would do for hours, seven years for days
LARGEST = 1e150
FUTURES = 100
STRENGTHS = (0.03, 0.3)  # of the ridge, in mean squares of a lag


@dataclass(frozen=True, slots=True)
class Forecast:
    """`mean` and, for each level in per cent, `lower[level]` and `upper[level]`: arrays of length horizon, in the
    series' unit. `model` is the one the backtest chose, `reason` says what was wrong with the series, if anything.
    `error` is the backtest's error beside that of seasonal naive; `futures` (paths, horizon) are the forecast with the
    backtest's own errors, whole paths, so that sums over days can be judged."""

    mean: Array
    lower: dict[int, Array]
    upper: dict[int, Array]
    model: str = "seasonal naive"
    reason: str = ""
    error: float | None = None
    futures: Array = field(default_factory=lambda: np.empty((0, 0)))


@dataclass(frozen=True, slots=True)
class _Fit:
    name: str
    mean: Callable[[], Array]  # the forecast, length horizon; computed only for the chosen
    errors: Array  # backtest origins x horizon, actual - forecast, in model space


def forecast(values: ArrayLike, period: int, horizon: int, levels: Sequence[int] = (80, 95)) -> Forecast:
    """Forecast the `horizon` points after `values`, equally spaced, oldest first, with a season of `period` points.

    Gaps (NaN) and infinite values are filled by the season before. A series that is never negative is never forecast
    negative. ValueError if period, horizon or a level is out of range."""
    if period < 1 or horizon < 1 or any(not 0 < level < 100 for level in levels):
        raise ValueError("period and horizon must be at least 1, levels between 0 and 100")
    series, reason = _clean(values, period)
    if len(series) < 2 or np.ptp(series) == 0:
        level = np.full(horizon, series[-1] if len(series) else 0.0)
        why = reason or ("no values" if len(series) == 0 else "constant" if len(series) > 1 else "a single value")
        return Forecast(level, dict.fromkeys(levels, level), dict.fromkeys(levels, level), "constant", why)
    floor = bool(series.min() >= 0)
    best: tuple[float, _Fit, Callable[[Array], Array]] | None = None
    naive = np.inf
    for into, back in _spaces(series):
        space = into(series)
        for fit, actual in _fits(space, period, horizon):
            error = float(np.mean(np.abs(back(actual) - back(actual - fit.errors))))
            if fit.name == "seasonal naive":
                naive = min(naive, error)
            if best is None or error < 0.995 * best[0]:
                best = (error, fit, back)
    if best is None:
        return _short(series, period, horizon, levels, reason)
    error, fit, back = best
    mean = fit.mean()
    lower, upper = _intervals(mean, fit.errors, len(series), period, levels)

    def clip(x: Array) -> Array:
        return np.maximum(x, 0.0) if floor else x

    return Forecast(
        clip(back(mean)),
        {level: clip(back(bound)) for level, bound in lower.items()},
        {level: clip(back(bound)) for level, bound in upper.items()},
        fit.name,
        reason,
        error / naive if 0 < naive < np.inf else None,
        clip(back(mean + fit.errors[:: -max(1, len(fit.errors) // FUTURES)])),
    )


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
    return series[-LONGEST:], reason


def _spaces(series: Array) -> list[tuple[Callable[[Array], Array], Callable[[Array], Array]]]:
    """The value itself and, where it cannot be negative, its logarithm above a tenth of its usual size."""
    spaces: list[tuple[Callable[[Array], Array], Callable[[Array], Array]]] = [(lambda x: x, lambda x: x)]
    if series.min() >= 0:
        unit = max(0.1 * float(np.mean(series)), 1e-12)
        top = float(np.log1p(series.max() / unit)) + 1.0
        spaces.append((lambda x: np.log1p(x / unit), lambda x: unit * np.expm1(np.minimum(x, top))))
    return spaces


def _fits(y: Array, period: int, horizon: int) -> list[tuple[_Fit, Array]]:
    """Each candidate's forecast and backtest errors at the same last origins, with the actual values there."""
    n = len(y)
    lags = _lags(n, period, horizon)
    origins = n - lags - horizon + 1  # windows that have their future
    if lags < period or origins < max(20, horizon // 2):
        return []
    windows = sliding_window_view(y, lags)  # row i ends at i + lags - 1
    future = sliding_window_view(y, horizon)[lags:]
    test = max(10, min(origins // 3, 400))
    past, actual = windows[origins - test : origins], future[origins - test :]
    now = windows[-1:]
    ahead = np.arange(horizon) % period
    fits = []
    for seasons in sorted({1, 4, lags // period}):
        if seasons * period > lags or (seasons == 1 and period == 1 and horizon < 1):
            continue
        name = "seasonal naive" if seasons == 1 else f"mean of {seasons} seasons"

        def mean(rows: Array, seasons: int = seasons) -> Array:
            blocks = rows[:, -seasons * period :].reshape(len(rows), seasons, period)
            return np.asarray(blocks.mean(axis=1)[:, ahead])

        fits.append((_Fit(name, partial(_first_row, mean, now), actual - mean(past)), actual))
    train = origins - test - horizon + 1  # futures that end before the first tested origin's
    if train < 2 * horizon or train < 30:
        return fits
    for strength, guess in zip(STRENGTHS, _ridge(windows[:train], future[:train], past, STRENGTHS), strict=True):
        final = partial(_ridge_once, windows[:origins], future, now, strength)
        fits.append((_Fit("ridge on lags", final, actual - guess), actual))
    return fits


def _ridge_once(rows: Array, targets: Array, ask: Array, strength: float) -> Array:
    return np.asarray(_ridge(rows, targets, ask, (strength,))[0][0])


def _first_row(model: Callable[[Array], Array], now: Array) -> Array:
    return np.asarray(model(now)[0])


def _lags(n: int, period: int, horizon: int) -> int:
    """A week of hours plus a day where there are eight of them, else four seasons, fewer in a short series."""
    if period == 24 and n >= 8 * 168 + horizon:
        return 192
    return max(period, min(4, (n - horizon) // (4 * period)) * period)


def _ridge(rows: Array, targets: Array, ask: Array, strengths: Sequence[float]) -> list[Array]:
    """Direct ridge from lags to all steps ahead at once, one answer for each strength. Each window is centred, so a
    change of level needs no relearning."""
    level, ask_level = rows.mean(axis=1, keepdims=True), ask.mean(axis=1, keepdims=True)
    X = rows - level
    gram, moments = X.T @ X, X.T @ (targets - level)
    unit = np.trace(gram) / len(gram)
    answers = []
    for strength in strengths:
        weights = np.linalg.solve(gram + (strength * unit + 1e-12) * np.eye(len(gram)), moments)
        answers.append((ask - ask_level) @ weights + ask_level)
    return answers


def _intervals(
    mean: Array, errors: Array, n: int, period: int, levels: Sequence[int]
) -> tuple[dict[int, Array], dict[int, Array]]:
    """Quantiles of the backtest's errors, scaled by how far ahead the step is and by its place in the season."""
    tests, horizon = errors.shape
    size = np.abs(errors)
    overall = size.mean() + 1e-12
    step = size.mean(axis=0) / overall
    step = np.convolve(np.pad(step, 2, mode="edge"), np.full(5, 0.2), mode="valid") if horizon > 4 else step
    place = (n - horizon - tests + 1 + np.arange(tests)[:, None] + np.arange(horizon)) % period
    count = np.bincount(place.ravel(), minlength=period)
    total = np.bincount(place.ravel(), weights=(size / (step + 1e-3)).ravel(), minlength=period)
    phase = (total + 5 * overall) / (count + 5) / overall
    scaled = np.sort((errors / (step * phase[place] + 1e-3)).ravel())
    width = step * phase[(n + np.arange(horizon)) % period]
    lower, upper = {}, {}
    for level in levels:
        tail = (1 - level / 100) / 2
        low, high = np.quantile(scaled, [tail, 1 - tail]) * _caution(1 - tail, tests / horizon + 1)
        lower[level] = mean + min(low, 0.0) * width
        upper[level] = mean + max(high, 0.0) * width
    return lower, upper


def _caution(share: float, freedom: float) -> float:
    """Student's quantile over the normal one, by Cornish and Fisher: the errors of overlapping origins say as much as
    those of `freedom` separate ones, and the far tail is what they know least of."""
    z = NormalDist().inv_cdf(share)
    t = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return t / z if z > 0 else 1.0


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


def runs_out(values: ArrayLike, period: int, horizon: int, stock: float) -> tuple[int | None, int | None, int | None]:
    """(early, middle, late) step ahead at which demand has used up `stock`, of nine in ten, half and one in ten of the
    futures that the backtest's own errors make of the forecast; None where that is past the horizon."""
    result = forecast(values, period, horizon)
    futures = result.futures if len(result.futures) else result.mean[None]
    gone = np.cumsum(np.maximum(futures, 0.0), axis=1) >= stock
    step = np.where(gone.any(axis=1), gone.argmax(axis=1) + 1, horizon + 1)
    found = [int(np.quantile(step, share, method="higher")) for share in (0.1, 0.5, 0.9)]
    early, middle, late = (step if step <= horizon else None for step in found)
    return early, middle, late
