"""Popularity shrinkage: lower the weights of the channels that say the same to everybody, to raise catalogue coverage.

The mix that predicts best shows the popular items to all; lists that differ show more of the catalogue (aggregate
diversity, Adomavicius and Kwon 2012). The strongest shrinkage that costs at most half a percent of NDCG is taken.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.constants import BIAS_MIN_QUESTIONS, SHRINKAGE_GRID, SHRINKAGE_MAX_LOSS
from opsplug.models.recommend.item_bias import BiasEstimate
from opsplug.models.recommend.registry import VISITOR_CHANNELS
from opsplug.models.recommend.weights import ndcg_among, predicted_scores

SHARED = [number for number, channel in enumerate(VISITOR_CHANNELS) if not channel.personal]


def shrink_popularity(bias: BiasEstimate, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows of the weight table for discovery with the shared channels shrunk, judged on the held-out questions.

    The cost is counted against the mix as it was learnt, so that what the item bias gains is spent here.
    """
    held_out = bias.held_out
    if len(held_out.sizes) < BIAS_MIN_QUESTIONS:
        return table
    least = (1 - SHRINKAGE_MAX_LOSS) * ndcg_among(predicted_scores(held_out, table), held_out).mean()
    offsets = bias.held_out_offsets[held_out.codes]
    for share in SHRINKAGE_GRID:
        shrunk = table.copy()
        shrunk[1:, SHARED] *= share  # of truncated histories nothing else is known
        if ndcg_among(predicted_scores(held_out, shrunk) + offsets, held_out).mean() >= least:
            return shrunk
    return table
