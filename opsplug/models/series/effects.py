"""Effects of what is known beforehand (holidays, prices, promotions): regression on the de-seasonalised series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opsplug.models.series.candidates import spaces

Array = NDArray[np.float64]

SEASONS = 4  # width of the moving average that stands for the level, in seasons: a month of weeks
SHRINKAGE = 1.0  # pseudo-observations of no effect: an effect seen once counts half
SURE = 2.0  # standard errors below which an effect is taken for chance


@dataclass(frozen=True, slots=True)
class Effects:
    """`adjusted` is the history as it would have been without them; `restore` puts them on paths of the future."""

    adjusted: Array
    restore: Callable[[Array], Array]


def known_matrix(known: ArrayLike, points: int) -> Array:
    """One column for each known influence, one row for each point of history and future; ValueError if it is not."""
    matrix = np.asarray(known, dtype=float)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or len(matrix) != points or not np.isfinite(matrix).all():
        raise ValueError(f"known must be finite, with one row for each of the {points} points of history and horizon")
    return matrix


def remove_effects(series: Array, known: Array, period: int) -> Effects:
    """Split `series` into what the columns of `known` explain and the rest; multiplicative where it is never
    negative. Both sides lose their season and level first (Frisch and Waugh), so neither passes for an effect."""
    n = len(series)
    into, back = spaces(series)[-1]
    centred = known - np.median(known[:n], axis=0)
    reach = np.abs(centred).max(axis=0)
    columns = centred / np.where(reach > 0, reach, 1.0)
    y = into(series)
    X = np.column_stack([_residual(column[:n], period) for column in columns.T]) if columns.size else columns[:n]
    size = _sizes(X, _residual(y, period))
    past, future = columns[:n] @ size, columns[n:] @ size
    if not size.any():
        return Effects(series, lambda paths: paths)
    return Effects(back(y - past), lambda paths: back(into(paths) + future))


def _sizes(X: Array, y: Array) -> Array:
    """Ridge estimates, zero for those that are not surely different from it."""
    gram = X.T @ X + SHRINKAGE * np.eye(X.shape[1])
    inverse = np.linalg.inv(gram)
    size = inverse @ (X.T @ y)
    noise = 1.4826 * float(np.median(np.abs(y - X @ size)))
    error = noise * np.sqrt(np.diag(inverse))
    return np.asarray(np.where(np.abs(size) > SURE * error, size, 0.0))


def _residual(values: Array, period: int) -> Array:
    """Values less their mean place in the season and their moving average."""
    n = len(values)
    if n >= 2 * period > 2:
        place = np.arange(n) % period
        values = values - (np.bincount(place, values, period) / np.bincount(place, minlength=period))[place]
    width = min(SEASONS * period + 1, n)
    kernel = np.ones(width)
    count = np.convolve(np.ones(n), kernel, mode="same")[:n]
    return np.asarray(values - np.convolve(values, kernel, mode="same")[:n] / count)
