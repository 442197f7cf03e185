"""The k largest of many scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Codes

BLOCK = 32  # scores of which only the largest is looked at first


def top_k(scores: NDArray[Any], k: int) -> Codes:
    """Places of the k largest scores, best first; ties go to the lower place: the same scores give the same list."""
    k = min(k, len(scores))
    if k <= 0:
        return np.zeros(0, np.int64)
    low = _kth(scores[: len(scores) // BLOCK * BLOCK].reshape(-1, BLOCK).max(1), k)  # of k blocks none has less
    among = np.flatnonzero(scores >= low) if low > 0 else np.flatnonzero(scores > 0)
    if k <= len(among):  # selection among all, and among many equal zeros, takes ten times as long
        scores = scores[among]
    else:
        among = np.arange(len(scores))
    chosen = top_k_unordered(scores, k)
    return among[chosen[np.lexsort((chosen, -scores[chosen]))]]


def top_k_unordered(scores: NDArray[Any], k: int) -> Codes:
    """Places of the k largest scores in no certain order; ties go to the lower place."""
    edge = _kth(scores, k)
    above = np.flatnonzero(scores > edge)
    return np.concatenate([above, np.flatnonzero(scores == edge)[: k - len(above)]])


def _kth(scores: NDArray[Any], k: int) -> float:
    """The k-th largest; minus infinity where there are fewer."""
    return float(np.partition(scores, len(scores) - k)[len(scores) - k]) if k <= len(scores) else -np.inf
