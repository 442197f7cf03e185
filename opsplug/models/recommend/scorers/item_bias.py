"""What is taken more or less often than the channels foretell: one number for each item, learnt at moments of the past.

The constant of each alternative in a conditional logit (McFadden 1974), in one step: the logarithm of how often an item
was taken over how often it was foretold, with doubtful takings added to both, as a gamma prior of a Poisson rate does.
How much doubt is right, the log tells: what older moments teach must help at newer ones, and in a shop of fashions
nothing does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend import fusion
from opsplug.models.recommend.base import Arrays, Evidence, Query, Scores

DOUBTS = (np.inf, 200.0, 50.0, 15.0, 5.0)  # doubtful takings
FEWEST = 200  # questions on either side of a moment: fewer taught small shops what did not hold


@dataclass(frozen=True, slots=True)
class Taken:
    name: ClassVar[str] = "taken"
    offsets: NDArray[np.float32]  # of each item, in lists of new things and (second row) where repeats are wanted

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> Taken:
        """Nothing: a log alone foretells nothing."""
        return cls(np.zeros((2, evidence.size), np.float32))

    def export(self) -> Arrays:
        return {"offsets": self.offsets}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Taken:
        return cls(arrays["offsets"])

    def score(self, query: Query) -> Scores:
        return np.zeros(self.offsets.shape[1], np.float32)


@dataclass(frozen=True, slots=True)
class Lesson:
    """`offsets` of all questions; and the newer half of them with what the older half taught, to be judged by.

    In lists of new things an item can only lose by it: to raise what many take would narrow what visitors see.
    """

    offsets: Scores
    newer: fusion.Samples
    taught: Scores

    @classmethod
    def of(cls, data: fusion.Samples, table: NDArray[np.float32], size: int, again: bool) -> Lesson:
        data = fusion.subset(data, data.sizes > fusion.HISTORY_STEPS[0])  # the almost new are the same visitors again
        middle = float(np.median(data.times)) if len(data.times) else 0.0
        older, newer = fusion.subset(data, data.times < middle), fusion.subset(data, data.times >= middle)
        if min(len(older.sizes), len(newer.sizes)) < FEWEST:
            nothing = np.zeros(size, np.float32)
            return cls(nothing, newer, nothing)
        highest = np.inf if again else 0.0
        counts, scores = _counts(older, table, size), fusion.foretold(newer, table)
        taught = [np.minimum(_logs(counts, doubt), highest) for doubt in DOUBTS]
        gains = [fusion.ndcg_among(scores + offsets[newer.codes], newer) for offsets in taught]
        chosen = _certain(gains)
        whole = np.minimum(_logs(_counts(data, table, size), DOUBTS[chosen]), highest)
        return cls(whole.astype(np.float32), newer, taught[chosen])


def _certain(gains: Sequence[NDArray[np.float64]]) -> int:
    """Which is best, the first unless it is better by more than a standard error of the difference."""
    chosen = int(np.argmax([gain.mean() for gain in gains]))
    more = gains[chosen] - gains[0]
    return chosen if more.mean() > more.std() / np.sqrt(len(more)) else 0


def _counts(data: fusion.Samples, table: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """How often each item was taken, and how often it was foretold, shape (2, items)."""
    starts = np.searchsorted(data.owners, np.arange(len(data.sizes)))
    scores = fusion.foretold(data, table)
    chance = np.exp(scores - np.maximum.reduceat(scores, starts)[data.owners])
    chance /= np.add.reduceat(chance, starts)[data.owners]
    targets = np.bincount(data.owners, data.shares > 0)[data.owners]
    return np.stack([np.bincount(data.codes, found * targets, minlength=size) for found in (data.shares, chance)])


def _logs(counts: NDArray[np.float64], doubt: float) -> Scores:
    if doubt == np.inf:
        return np.zeros(counts.shape[1], np.float32)
    found: Scores = np.log((counts[0] + doubt) / (counts[1] + doubt)).astype(np.float32)
    return found
