"""How much the deep part should count in the mix, and whether the mix is better with it: asked at past cut-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend import fusion
from opsplug.models.recommend.base import Part
from opsplug.models.recommend.evaluation import Question


@dataclass(frozen=True, slots=True)
class Trial:
    """What the mix and the network said at one cut-off, in both modes (discovery, repeats), and the mix's weights."""

    cut: float
    samples: tuple[fusion.Samples, fusion.Samples]
    table: NDArray[np.float32]  # learnt without the deep channel

    def __len__(self) -> int:
        return len(self.samples[0].sizes)

    def measured(self, weights: NDArray[np.float32]) -> dict[str, float]:
        """NDCG@10 among the candidates in discovery, with this column of weights and without it."""
        data = self.samples[0]
        rows = np.searchsorted(fusion.HISTORY_STEPS, data.sizes)[data.owners]
        own, deep = _halves(data, self.table)
        return {
            "cut": self.cut, "questions": float(len(data.sizes)),
            "without": _mean(own, data), "with": _mean(own + weights[rows] * deep, data),
        }  # fmt: skip


def trial(parts: Mapping[str, Part], asked: Sequence[Question], cut: float) -> Trial:
    """Ask, and learn the weights that the mix would have without the deep part."""
    found = tuple(fusion.samples(parts, asked, again=again, almost=False) for again in (False, True))
    tables = []
    for again, data in enumerate(found):
        blind = data.features.copy()
        blind[:, fusion.DEEP] = 0
        tables.append(fusion.learn(replace(data, features=blind), bool(again)))
    return Trial(cut, (found[0], found[1]), np.concatenate(tables))


def deep_weights(trials: Sequence[Trial]) -> NDArray[np.float32]:
    """One weight for each row of the mix's table, on the mix's own scale; 0 where nothing was asked.

    Two numbers are fitted, how much the mix counts and how much the network; only their ratio matters to a ranking.
    """
    column = np.zeros(2 * fusion.SITUATIONS, np.float32)
    for again in (False, True):
        pairs = [_pair(item, again) for item in trials]
        data = fusion.join(pairs) if pairs else None
        if data is None or not len(data.sizes):
            continue
        common = fusion.conditional_logit(data, np.array([1.0, 0.0]), fusion.RIDGE)
        place = np.searchsorted(fusion.HISTORY_STEPS, data.sizes)
        for number in range(fusion.SITUATIONS):
            mine = place == number
            found = common
            if mine.any():
                found = fusion.conditional_logit(fusion.subset(data, mine), common, 10 * fusion.RIDGE)
            column[again * fusion.SITUATIONS + number] = found[1] / max(found[0], 1e-3)
    return column


def joins(cuts: Sequence[Mapping[str, float]]) -> bool:
    """Whether the mix was better with it at most cut-offs, and on the whole."""
    wins = sum(cut["with"] > cut["without"] for cut in cuts)
    return 2 * wins > len(cuts) and mean(cuts, "with") > mean(cuts, "without")


def mean(cuts: Sequence[Mapping[str, float]], key: str) -> float:
    """Of one number over cut-offs, 0 without any."""
    return float(np.mean([cut[key] for cut in cuts])) if cuts else 0.0


def _mean(scores: NDArray[np.float32], data: fusion.Samples) -> float:
    return float(fusion.ndcg_among(scores, data).mean()) if len(data.sizes) else 0.0


def _halves(data: fusion.Samples, table: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mix's own score and the deep channel of every candidate."""
    return fusion.foretold(data, table), data.features[:, fusion.DEEP]


def _pair(item: Trial, again: bool) -> fusion.Samples:
    data = item.samples[again]
    rows = slice(fusion.SITUATIONS, None) if again else slice(0, fusion.SITUATIONS)
    return replace(data, features=np.stack(_halves(data, item.table[rows]), 1).astype(np.float32))
