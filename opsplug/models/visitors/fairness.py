"""Who is shown: exposure of groups of items against catalogue and demand, and what evening out costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALLEST = 30  # items or visitors of a group below which no verdict is given


@dataclass(frozen=True, slots=True)
class Exposure:
    """Shares from 0 to 1 of one group. `ratio` is exposure over demand, NaN where the group is too small to judge."""

    group: str
    items: int
    catalogue: float
    demand: float
    exposure: float
    ratio: float


def exposure(
    shown: NDArray[np.int64],
    places: NDArray[np.int64],
    groups: Sequence[str],
    demand: NDArray[np.float64],
    *,
    smallest: int = SMALLEST,
) -> list[Exposure]:
    """Exposure of each group of items, an impression at place p (from 0) counting 1 / log2(p + 2).

    `shown` are item codes of impressions, `groups` and `demand` have one entry per item.
    """
    names, code = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    seen = np.bincount(code[shown], 1 / np.log2(places + 2.0), minlength=len(names))
    wanted = np.bincount(code, np.maximum(demand, 0), minlength=len(names))
    count = np.bincount(code, minlength=len(names))
    found = []
    for number, name in enumerate(names):
        share, want = seen[number] / max(seen.sum(), 1e-12), wanted[number] / max(wanted.sum(), 1e-12)
        judged = count[number] >= smallest and want > 0
        ratio = float(share / want) if judged else float("nan")
        found.append(
            Exposure(str(name), int(count[number]), float(count[number] / len(code)), float(want), float(share), ratio)
        )
    return found


def evened(scores: NDArray[np.float64], groups: Sequence[str], slider: float, k: int) -> NDArray[np.int64]:
    """Greedy list of k places: a group already shown costs `slider` times its share so far. 0 is the plain order."""
    names, code = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    left, shown = scores.astype(np.float64).copy(), np.zeros(len(names))
    spread = max(float(left.max(initial=0) - left.min(initial=0)), 1e-12)
    chosen: list[int] = []
    for place in range(min(k, len(left))):
        cost = slider * spread * shown / max(place, 1)
        pick = int(np.argmax(left - cost[code]))
        chosen.append(pick)
        shown[code[pick]] += 1
        left[pick] = -np.inf
    return np.array(chosen, np.int64)
