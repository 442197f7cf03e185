"""Position bias: the examination probability of each place of a list, told apart from rank and relevance.

The position-based model (Richardson, Dominowska and Ragno 2007): a click is an examined place times a relevant item.
Places and ranks part where lists were re-ordered; where none was, the prior stands.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

# All by hand; benchmarks/slots.py judges them together on a simulated shop whose examination falls with the power 0.5.
EXAMINATION_DECAY: Final = 0.3  # place p is examined (p + 1) ** -decay as often: mild, as only what was in sight counts
PRIOR_CLICKS: Final = 40.0  # expected clicks that the prior is worth at each place
RANK_PRIOR_CLICKS: Final = 5.0  # clicks at the mean rate that each rank starts with
ITEM_PRIOR_CLICKS: Final = 4.0  # and each item: relevances differ by about a half around their mean


def prior_examination(places: int) -> Floats:
    """Examination probability of each place relative to the first, before any click."""
    examination: Floats = np.power(np.arange(places) + 1.0, -EXAMINATION_DECAY, dtype=np.float64)
    return examination


def fit_position_bias(
    places: Codes, ranks: Codes, items: Codes, clicks: Floats, *, size: tuple[int, int], rounds: int = 30
) -> tuple[Floats, Floats]:
    """Examination of each place (1 at the first) and the click rate of each rank of the mix where it is examined.

    One entry per shown item; `size` is how many places and ranks there are. Clicks are taken as Poisson counts of
    place x rank x item, each factor with a gamma prior, and fitted by turns in closed form.
    """
    prior, count = prior_examination(size[0]), int(items.max(initial=0)) + 1
    examination, relevance = prior.copy(), np.ones(count)
    rate = float(max(clicks.sum() / max(prior[places].sum(), 1e-9), 1e-6))
    by_rank = np.full(size[1], rate)
    clicked = [
        np.bincount(codes, clicks, minlength=n)
        for codes, n in ((places, size[0]), (ranks, size[1]), (items, count))
    ]  # fmt: skip
    for _ in range(rounds):
        expected = np.bincount(ranks, examination[places] * relevance[items], minlength=size[1])
        by_rank = (clicked[1] + RANK_PRIOR_CLICKS) / (expected + RANK_PRIOR_CLICKS / rate)
        expected = np.bincount(items, examination[places] * by_rank[ranks], minlength=count)
        relevance = (clicked[2] + ITEM_PRIOR_CLICKS) / (expected + ITEM_PRIOR_CLICKS)
        expected = np.bincount(places, by_rank[ranks] * relevance[items], minlength=size[0])
        examination = (clicked[0] + PRIOR_CLICKS * prior) / (expected + PRIOR_CLICKS)
        examination = np.clip(examination / examination[0], 0.02, 1.0)
    return examination, by_rank
