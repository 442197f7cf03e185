"""Item bias: one number for each item that is taken more or less often than the channels predict.

The intercept of each alternative in a conditional logit (McFadden 1974), in one step: the logarithm of how often an
item was taken over how often that was predicted, with pseudo-counts added to both, as a gamma prior of a Poisson rate
does. How strong a prior is right, the log tells: what older moments teach must help at newer ones, and in a shop of
fashions nothing does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Arrays, Scores
from opsplug.models.recommend.constants import BIAS_MIN_QUESTIONS, BIAS_PRIORS, CONTEXT_STEPS
from opsplug.models.recommend.weights import Samples, ndcg_among, predicted_scores, subset


@dataclass(frozen=True, slots=True)
class ItemBias:
    """Shape (2, items): the bias of each item in discovery and (second row) where repeats are wanted."""

    name: ClassVar[str] = "item_bias"
    offsets: NDArray[np.float32]

    @classmethod
    def none(cls, size: int) -> ItemBias:
        return cls(np.zeros((2, size), np.float32))

    def export(self) -> Arrays:
        return {"offsets": self.offsets}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> ItemBias:
        return cls(arrays["offsets"])


@dataclass(frozen=True, slots=True)
class BiasEstimate:
    """`offsets` from all questions; and the newer half of them, held out, with the offsets of the older half.

    In discovery an item can only lose by it: to raise what many take would narrow what visitors see.
    """

    offsets: Scores
    held_out: Samples
    held_out_offsets: Scores

    @classmethod
    def of(cls, data: Samples, table: NDArray[np.float32], size: int, repeats: bool) -> BiasEstimate:
        data = subset(data, data.sizes > CONTEXT_STEPS[0])  # truncated histories are the same visitors again
        middle = float(np.median(data.times)) if len(data.times) else 0.0
        older, newer = subset(data, data.times < middle), subset(data, data.times >= middle)
        if min(len(older.sizes), len(newer.sizes)) < BIAS_MIN_QUESTIONS:
            nothing = np.zeros(size, np.float32)
            return cls(nothing, newer, nothing)
        highest = np.inf if repeats else 0.0
        counts, scores = _counts(older, table, size), predicted_scores(newer, table)
        by_prior = [np.minimum(_log_ratio(counts, prior), highest) for prior in BIAS_PRIORS]
        gains = [ndcg_among(scores + offsets[newer.codes], newer) for offsets in by_prior]
        chosen = _significant(gains)
        whole = np.minimum(_log_ratio(_counts(data, table, size), BIAS_PRIORS[chosen]), highest)
        return cls(whole.astype(np.float32), newer, by_prior[chosen])


def _significant(gains: Sequence[NDArray[np.float64]]) -> int:
    """Which is best, the first unless it is better by more than a standard error of the difference."""
    chosen = int(np.argmax([gain.mean() for gain in gains]))
    more = gains[chosen] - gains[0]
    return chosen if more.mean() > more.std() / np.sqrt(len(more)) else 0


def _counts(data: Samples, table: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """How often each item was taken, and how often that was predicted, shape (2, items)."""
    starts = np.searchsorted(data.owners, np.arange(len(data.sizes)))
    scores = predicted_scores(data, table)
    chance = np.exp(scores - np.maximum.reduceat(scores, starts)[data.owners])
    chance /= np.add.reduceat(chance, starts)[data.owners]
    targets = np.bincount(data.owners, data.shares > 0)[data.owners]
    return np.stack([np.bincount(data.codes, found * targets, minlength=size) for found in (data.shares, chance)])


def _log_ratio(counts: NDArray[np.float64], prior: float) -> Scores:
    if prior == np.inf:
        return np.zeros(counts.shape[1], np.float32)
    found: Scores = np.log((counts[0] + prior) / (counts[1] + prior)).astype(np.float32)
    return found
