"""Candidate forecasts with their backtest: seasonal naive, seasonal means, direct ridge regression on lags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float64]

WEEK_FROM = 4  # weeks of hours from which the lags reach back over a week: 0.89 to 0.69 of naive (hourly families)
CENTRE = 4  # seasons whose mean each window is centred on, so that a change of level needs no relearning
STRENGTHS = (0.03, 0.3)  # ridge penalties, in mean squares of a lag: one third and three times these changed < 0.01
OUT_OF_PROPORTION = 1.0  # ranges of the inner 98 % by which a lag may lie outside them (daily units of best sellers)
MOST_TESTED = 400  # backtest origins; more cost time and tell of a past that is gone


@dataclass(frozen=True, slots=True)
class Candidate:
    """`guesses` (origins, horizon) were made at the backtest's origins; `mean()` forecasts from the end."""

    name: str
    guesses: Array
    mean: Callable[[], Array]


@dataclass(frozen=True, slots=True)
class Backtest:
    """Candidates and what came after each origin: `actual` (origins, horizon)."""

    actual: Array
    candidates: list[Candidate]


def lags_of(n: int, period: int, horizon: int) -> int:
    """A week of hours and a day where there are four weeks of them, else four seasons, fewer in a short series."""
    week = 7 * period
    if period == 24 and n >= WEEK_FROM * week:
        return week + period
    return max(period, min(4, (n - horizon) // (4 * period)) * period)


def backtest(series: Array, period: int, horizon: int) -> Backtest | None:
    """All candidates at the same last origins; None where the series is too short for a regression on its lags."""
    lags = lags_of(len(series), period, horizon)
    origins = len(series) - lags - horizon + 1  # windows that have their future
    test = max(10, min(origins // 3, MOST_TESTED))
    train = origins - test - horizon + 1  # windows whose future ends before the first tested origin's
    if lags < period or train < max(2 * horizon, 30):
        return None
    windows = sliding_window_view(series, lags)
    past, now = windows[origins - test : origins], windows[-1:]
    actual = sliding_window_view(series, horizon)[lags:][origins - test :]
    found = [
        _repeated(length, seasons, past, now, horizon) for length, seasons in _seasons(lags, period) if length <= lags
    ]
    for into, back in spaces(series):
        found += _regressions(
            _winsorized(into(series)), back, _Split(lags, origins, test, train, horizon, CENTRE * period)
        )
    return Backtest(actual, found)


def _seasons(lags: int, period: int) -> list[tuple[int, int]]:
    """(length, count) of the seasons whose mean is a candidate: the last, the last four, all there are, the week."""
    counts = sorted({1, min(4, lags // period), lags // period} if lags <= 8 * period else {1, 4})
    return [(period, count) for count in counts] + ([(7 * period, 1)] if lags > 7 * period else [])


def _repeated(length: int, seasons: int, past: Array, now: Array, horizon: int) -> Candidate:
    ahead = np.arange(horizon) % length

    def mean(rows: Array) -> Array:
        blocks = rows[:, -seasons * length :].reshape(len(rows), seasons, length)
        return np.asarray(blocks.mean(axis=1)[:, ahead])

    name = "seasonal naive" if seasons == 1 else f"mean of {seasons} seasons"
    return Candidate(name, mean(past), lambda: np.asarray(mean(now)[0]))


Space = tuple[Callable[[Array], Array], Callable[[Array], Array]]


def spaces(series: Array) -> list[Space]:
    """The value itself and, where it cannot be negative, its logarithm above a tenth of its usual size."""
    found: list[Space] = [(lambda x: x, lambda x: x)]
    if series.min() >= 0:
        unit = max(0.1 * float(np.mean(series)), 1e-12)
        top = float(np.log1p(series.max() / unit)) + 1.0
        found.append((lambda x: np.log1p(x / unit), lambda x: np.maximum(unit * np.expm1(np.minimum(x, top)), 0.0)))
    return found


def _winsorized(y: Array) -> Array:
    """Without what is out of all proportion: one bulk order would else be every lag's weight."""
    low, high = np.quantile(y, [0.01, 0.99])
    reach = OUT_OF_PROPORTION * max(high - low, 1e-12)
    return np.clip(y, low - reach, high + reach)


@dataclass(frozen=True, slots=True)
class _Split:
    """Which windows train and which are tested."""

    lags: int
    origins: int
    test: int
    train: int
    horizon: int
    centre: int


def _regressions(y: Array, back: Callable[[Array], Array], split: _Split) -> list[Candidate]:
    """Ridge on all lags, and on the last four seasons where the lags hold a week; one candidate for each strength."""
    windows, future = sliding_window_view(y, split.lags), sliding_window_view(y, split.horizon)[split.lags :]
    past, now = windows[split.origins - split.test : split.origins], windows[-1:]
    found = []
    for lags in sorted({split.lags, min(split.lags, split.centre)}):
        train = _ridge(windows[: split.train, -lags:], future[: split.train], split.centre)
        for strength in STRENGTHS:

            def mean(lags: int = lags, strength: float = strength) -> Array:
                whole = _ridge(windows[: split.origins, -lags:], future, split.centre)
                return np.asarray(back(whole(now[:, -lags:], strength)[0]))

            found.append(Candidate("ridge on lags", back(train(past[:, -lags:], strength)), mean))
    return found


def _ridge(rows: Array, targets: Array, centre: int) -> Callable[[Array, float], Array]:
    """Direct ridge from lags to all steps ahead at once."""
    level = rows[:, -centre:].mean(axis=1, keepdims=True)
    X = rows - level
    gram, moments = X.T @ X, X.T @ (targets - level)
    unit = np.trace(gram) / len(gram)

    def predict(ask: Array, strength: float) -> Array:
        weights = np.linalg.solve(gram + (strength * unit + 1e-12) * np.eye(len(gram)), moments)
        at = ask[:, -centre:].mean(axis=1, keepdims=True)
        return np.asarray((ask - at) @ weights + at)

    return predict
