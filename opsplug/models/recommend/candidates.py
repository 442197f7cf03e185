"""Candidate generation: all items of a small catalogue; of a large one, those that some scorer has reason to name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from opsplug.models.recommend.arrays import Codes
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.constants import SCORE_ALL_UP_TO
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.registry import ITEM_CHANNELS, VISITOR_CHANNELS
from opsplug.models.recommend.scorer import Scorer

PERSONAL = {channel.scorer for channel in VISITOR_CHANNELS if channel.personal}
BESIDE_ITEMS = {channel.scorer for channel in ITEM_CHANNELS}


def popular_candidates(scorers: Mapping[str, Scorer], size: int) -> Codes:
    """Candidates for everybody: the first of every list that is the same for all visitors."""
    nobody = Query.of([], size=size, now=0.0)
    lists = [scorer.retrieve(nobody) for name, scorer in scorers.items() if name not in PERSONAL]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *lists]))


def generate_candidates(
    scorers: Mapping[str, Scorer],
    size: int,
    query: Query,
    page_query: Query | None,
    popular: Codes,
    requested: Codes | None = None,
) -> CandidateSet:
    """The items to score for a visitor and for the items of a page or cart (`page_query`), `requested` among them."""
    if size <= SCORE_ALL_UP_TO:
        return CandidateSet(size)
    named = np.zeros(size, bool)
    named[popular] = True
    named[query.items] = True
    if requested is not None:
        named[requested] = True
    for asked, names in ((query, PERSONAL | BESIDE_ITEMS), (page_query, BESIDE_ITEMS)):
        if asked is not None and len(asked.items):
            for name in names & scorers.keys():
                named[scorers[name].retrieve(asked)] = True
    return CandidateSet.subset(size, np.flatnonzero(named))
