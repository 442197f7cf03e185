"""How much cold items may count: as much as cost next to nothing at moments of the past.

A shop that launches often gains by showing what nobody has taken yet; one whose catalogue is mostly never taken would
drown in it. Which of the two a shop is, its own log tells: at each split, what had no events before the cut was cold.
What has none to this day may be dead or may have been launched today. Few of them are taken for a launch, of which the
past can say nothing; many for a catalogue that is mostly dead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Codes
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.candidates import generate_candidates, popular_candidates
from opsplug.models.recommend.channels import score_channels
from opsplug.models.recommend.constants import COLD_DEFAULT_STRENGTH, COLD_MAX_LOSS, COLD_MAX_SHARE, COLD_STRENGTHS
from opsplug.models.recommend.evaluation import K, Question, ndcg
from opsplug.models.recommend.registry import VISITOR_CHANNELS
from opsplug.models.recommend.scorer import Scorer
from opsplug.models.recommend.scorers.cold_items import ColdItems
from opsplug.models.recommend.topk import top_k
from opsplug.models.recommend.weights import context_bucket


class ColdItemShare:
    """Gains of each strength, over the questions of all splits so far. `counts`: events of each item to this day."""

    def __init__(self, counts: NDArray[np.int64]) -> None:
        never = np.flatnonzero(counts == 0)
        self.launched = never if len(never) <= COLD_MAX_SHARE * len(counts) else never[:0]
        self.size = len(counts)
        self.gains = np.zeros(len(COLD_STRENGTHS))
        self.asked = 0

    def ask(
        self,
        scorers: Mapping[str, Scorer],
        cold_items: ColdItems,
        asked: Sequence[Question],
        weights: NDArray[np.float32],
    ) -> None:
        """What the mix with these weights would have shown (discovery, known visitors) with each strength."""
        popular = popular_candidates(scorers, self.size)
        for question in asked:
            if len(question.query.items) and len(question.targets):
                candidates = generate_candidates(scorers, self.size, question.query, None, popular)
                self.gains += _gains(scorers, cold_items, question, weights, candidates, self.launched)
                self.asked += 1

    def strength(self) -> float:
        """The largest one that cost at most one percent of the best."""
        if not self.asked:
            return COLD_DEFAULT_STRENGTH
        return COLD_STRENGTHS[int(np.argmax(self.gains >= (1 - COLD_MAX_LOSS) * self.gains.max()))]


def _gains(
    scorers: Mapping[str, Scorer],
    cold_items: ColdItems,
    question: Question,
    weights: NDArray[np.float32],
    candidates: CandidateSet,
    launched: Codes,
) -> NDArray[np.float64]:
    seen = candidates.positions(question.seen)
    row = weights[context_bucket(len(question.query.items), repeats=False)]
    speaking = [number for number, channel in enumerate(VISITOR_CHANNELS) if channel.discovery]
    channels = [VISITOR_CHANNELS[number] for number in speaking]
    total = row[speaking] @ score_channels(scorers, question.query, candidates, channels, seen, transformed=True)
    raised = cold_items.raised(total, candidates) - total
    raised[candidates.positions(launched)] = 0
    total[seen] = -np.inf
    lists = [candidates.items(top_k(total + share * raised, K)) for share in COLD_STRENGTHS]
    return np.array([ndcg(shown, question.targets, K) for shown in lists])
