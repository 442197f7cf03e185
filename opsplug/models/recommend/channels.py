"""What the scorers say about the candidates of one query: a table in [0, 1], one row a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Codes
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.scorer import Channel, Scorer, Transform


def score_channels(
    scorers: Mapping[str, Scorer],
    query: Query,
    candidates: CandidateSet,
    channels: Sequence[Channel],
    masked: Codes,
    *,
    transformed: bool,
) -> NDArray[np.float32]:
    """Shape (channels, candidates): each channel scaled to a largest value of 1 among those that may be shown.

    `masked` are the positions of candidates that may not be shown; they keep their scores, for what is like them.
    `transformed`: as records say; right for things new to a visitor, wrong where repeats are wanted or the list stands
    beside an item. Channels of one scorer stand together.
    """
    table = np.zeros((len(channels), len(candidates)), np.float32)
    rows = iter(table)
    for name, group in groupby(channels, attrgetter("scorer")):
        asked = list(group)
        speaks = name in scorers and (len(query.items) or not asked[0].personal)
        found = scorers[name].score(query, candidates, asked) if speaks else [np.float32(0)] * len(asked)
        for scores in found:
            next(rows)[:] = scores
    apart = table[:, masked]
    table[:, masked] = 0
    largest = table.max(1, initial=0)
    table[:, masked] = apart
    table *= (1 / np.where(largest > 0, largest, 1)).astype(np.float32)[:, None]
    np.maximum(table, np.zeros(len(candidates), np.float32), out=table)  # three times as quick as beside a number
    if transformed:
        for number, channel in enumerate(channels):
            if channel.transform is Transform.SQUARE_ROOT:
                np.sqrt(table[number], out=table[number])
    return table
