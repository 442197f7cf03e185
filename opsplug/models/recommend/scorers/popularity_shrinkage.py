"""How loud the voices are that say the same to everybody: as quiet as costs next to nothing.

A mix that foretells best shows the favourites to all; lists that differ show more of the catalogue (aggregate
diversity, Adomavicius and Kwon 2012). How much of it is free, moments of the past tell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend import fusion
from opsplug.models.recommend.scorers.item_bias import FEWEST, Lesson

QUIET = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # shares of what was learnt
COST = 0.005  # of NDCG, at most
SHARED = [fusion.CHANNELS.index(name) for name in ("popular", "recent", "trend")]


def quieter(lesson: Lesson, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows of the weight table for new things, with the quietest shared voices that cost at most half a percent.

    The cost is counted against the mix as it was learnt, so that what the offsets of items gain is spent here.
    """
    newer = lesson.newer
    if len(newer.sizes) < FEWEST:
        return table
    least = (1 - COST) * fusion.ndcg_among(fusion.foretold(newer, table), newer).mean()
    for share in QUIET:
        changed = table.copy()
        changed[1:, SHARED] *= share  # of the almost new nothing else is known
        if fusion.ndcg_among(fusion.foretold(newer, changed) + lesson.taught[newer.codes], newer).mean() >= least:
            return changed
    return table
