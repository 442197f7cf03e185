"""Scores to probabilities: slope and shift of the log odds, on the level of the newest rows, as a season moves it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
RECENT = 0.25  # the share of newest rows that sets the level of the probabilities
FEWEST_NEW = 100  # rows below which the newest do not say a level


def sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -30, 30))))


def platt(raw: Array, y: Array) -> tuple[float, float]:
    """Slope and shift of the log odds by Newton's method (Platt 1999)."""
    X = np.column_stack([raw, np.ones_like(raw)])
    w = np.array([1.0, 0.0])
    for _ in range(25):
        p = sigmoid(X @ w)
        hessian = (X * (p * (1 - p))[:, None]).T @ X + 1e-6 * np.eye(2)
        w = w - np.linalg.solve(hessian, X.T @ (p - y))
    return float(np.clip(w[0], 0.2, 2.0)), float(w[1])


def newest_rows(times: ArrayLike | None, rows: int) -> NDArray[np.bool_] | None:
    """The newest quarter of the rows, whole moments only: rows of one moment are equally new."""
    if times is None or not rows:
        return None
    _, rank = np.unique(np.asarray(times), return_inverse=True)
    share = max(RECENT, min(1.0, 200 / rows))
    return np.asarray(rank >= np.quantile(rank, 1 - share, method="lower"))


def settled_rows(newest: NDArray[np.bool_], times: ArrayLike | None, errors: Array) -> NDArray[np.bool_]:
    """The newest rows, halved as long as their newer half surely says something else than the older one (the idea of
    adaptive windows: Bifet and Gavalda 2007)."""
    _, rank = np.unique(np.asarray(times), return_inverse=True)
    while True:
        rows = np.flatnonzero(newest)
        newer = newest & (rank >= np.quantile(rank[rows], 0.5, method="higher"))
        older = newest & ~newer
        if newer.sum() < FEWEST_NEW or older.sum() < FEWEST_NEW:
            return newest
        gap = errors[newer].mean() - errors[older].mean()
        spread = np.sqrt(errors[newer].var() / newer.sum() + errors[older].var() / older.sum())
        if abs(gap) < 2 * spread:
            return newest
        newest = newer


def drawn_shift(scores: Array, y: Array, prior: float) -> float:
    """The shift at which the mean probability equals the rate of the newest rows, drawn to `prior` by fifty rows."""
    return shift_to(scores, (y.sum() + 50 * float(sigmoid(scores + prior).mean())) / (len(y) + 50))


def shift_to(scores: Array, rate: float) -> float:
    """The shift at which the mean probability of these scores is `rate`, by halving."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(scores + middle).mean() < rate else (low, middle)
    return (low + high) / 2
