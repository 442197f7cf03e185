"""How much new items may count: as much as cost next to nothing at moments of the past.

A shop that launches often gains by showing what nobody has taken yet; one whose catalogue is mostly never taken would
drown in it. Which of the two a shop is, its own log tells: at each split, what had no events before the cut was new.
What has none to this day may be dead or may have been launched today. Few of them are taken for a launch, of which the
past can say nothing; many for a catalogue that is mostly dead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend import fusion
from opsplug.models.recommend.base import Codes, best
from opsplug.models.recommend.candidates import View, leaders, view_of
from opsplug.models.recommend.evaluation import Question, ndcg

STRENGTHS = (1.0, 0.85, 0.7, 0.5, 0.35, 0.2, 0.0)  # shares of the worth of an item's likes
COST = 0.01  # of NDCG, at most
UNTRIED = 0.5  # where nothing could be asked: of the first hundreds of events, content knows more than counts
LAUNCH = 0.15  # of the catalogue, at most


class Newcomers:
    """Gains of each strength, over the questions of all splits so far. `counts`: events of each item to this day."""

    def __init__(self, counts: NDArray[np.int64]) -> None:
        never = np.flatnonzero(counts == 0)
        self.launched = never if len(never) <= LAUNCH * len(counts) else never[:0]
        self.gains = np.zeros(len(STRENGTHS))
        self.asked = 0

    def ask(self, parts: Mapping[str, Any], asked: Sequence[Question], weights: NDArray[np.float32]) -> None:
        """What the mix with these weights would have shown (discovery, known visitors) with each strength."""
        favourites = leaders(parts)
        for question in asked:
            if len(question.query.items) and len(question.targets):
                view = view_of(parts, question.query, None, favourites)
                self.gains += _gains(parts, question, weights, view, self.launched)
                self.asked += 1

    def strength(self) -> float:
        """The largest one that cost at most one percent of the best."""
        if not self.asked:
            return UNTRIED
        return STRENGTHS[int(np.argmax(self.gains >= (1 - COST) * self.gains.max()))]


def _gains(
    parts: Mapping[str, Any], question: Question, weights: NDArray[np.float32], view: View, launched: Codes
) -> NDArray[np.float64]:
    seen = view.places(question.seen)
    row = weights[fusion.situation(len(question.query.items), again=False)]
    total = row @ fusion.channels(parts, question.query, seen, bent=True, view=view)
    raised = parts["new"].lifted(total, view) - total
    raised[view.places(launched)] = 0
    total[seen] = -np.inf
    lists = [view.items(best(total + share * raised, fusion.K)) for share in STRENGTHS]
    return np.array([ndcg(shown, question.targets, fusion.K) for shown in lists])
