"""The weight of the next-item network in the mix, and whether the mix is better with it: asked at past cut-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.constants import BUCKET_RIDGE, CONTEXT_STEPS, RIDGE
from opsplug.models.recommend.evaluation import Question
from opsplug.models.recommend.next_item.network import CHANNEL, NextItem
from opsplug.models.recommend.registry import VISITOR_CHANNELS
from opsplug.models.recommend.scorer import Scorer
from opsplug.models.recommend.weights import (
    BUCKETS,
    Samples,
    conditional_logit,
    join,
    learn,
    ndcg_among,
    predicted_scores,
    samples,
    start_weights,
    subset,
)

BOTH = (*VISITOR_CHANNELS, CHANNEL)


@dataclass(frozen=True, slots=True)
class Trial:
    """What the mix and the network said at one cut-off: features are the two, in discovery and in repeats."""

    cut: float
    samples: tuple[Samples, Samples]

    def __len__(self) -> int:
        return len(self.samples[0].sizes)

    def measured(self, weights: NDArray[np.float32]) -> dict[str, float]:
        """NDCG@10 among the candidates in discovery, with this column of weights and without it."""
        data = self.samples[0]
        rows = np.searchsorted(CONTEXT_STEPS, data.sizes)[data.owners]
        mix, network = data.features.T
        return {
            "cut": self.cut, "questions": float(len(data.sizes)),
            "without": _mean(mix, data), "with": _mean(mix + weights[rows] * network, data),
        }  # fmt: skip


def trial(scorers: Mapping[str, Scorer], network: NextItem, asked: Sequence[Question], size: int, cut: float) -> Trial:
    """Ask, with the weights that the mix learns without the network."""
    found = []
    for repeats in (False, True):
        both = {**scorers, CHANNEL.scorer: network}
        data = samples(both, asked, size, repeats=repeats, truncated=False, channels=BOTH)
        own = replace(data, features=data.features[:, :-1])
        table = learn(own, start_weights().table[BUCKETS * repeats :][:BUCKETS])
        pair = np.stack([predicted_scores(own, table), data.features[:, -1]], 1)
        found.append(replace(data, features=pair.astype(np.float32)))
    return Trial(cut, (found[0], found[1]))


def deep_weights(trials: Sequence[Trial]) -> NDArray[np.float32]:
    """One weight for each row of the mix's table, on the mix's own scale; 0 where nothing was asked.

    Two numbers are fitted, how much the mix counts and how much the network; only their ratio matters to a ranking.
    """
    column = np.zeros(2 * BUCKETS, np.float32)
    for repeats in (False, True):
        data = join([item.samples[repeats] for item in trials]) if trials else None
        if data is None or not len(data.sizes):
            continue
        common = conditional_logit(data, np.array([1.0, 0.0]), RIDGE)
        bucket = np.searchsorted(CONTEXT_STEPS, data.sizes)
        for number in range(BUCKETS):
            mine = bucket == number
            found = conditional_logit(subset(data, mine), common, BUCKET_RIDGE * RIDGE) if mine.any() else common
            column[repeats * BUCKETS + number] = found[1] / max(found[0], 1e-3)
    return column


def joins(cuts: Sequence[Mapping[str, float]]) -> bool:
    """Whether the mix was better with it at most cut-offs, and on the whole."""
    wins = sum(cut["with"] > cut["without"] for cut in cuts)
    return 2 * wins > len(cuts) and mean(cuts, "with") > mean(cuts, "without")


def mean(cuts: Sequence[Mapping[str, float]], key: str) -> float:
    """Of one number over cut-offs, 0 without any."""
    return float(np.mean([cut[key] for cut in cuts])) if cuts else 0.0


def _mean(scores: NDArray[np.float32], data: Samples) -> float:
    return float(ndcg_among(scores, data).mean()) if len(data.sizes) else 0.0
