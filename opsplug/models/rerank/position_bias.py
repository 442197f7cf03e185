"""Position bias: how often each place of a list is looked at, told apart from how good the ranks of the mix are and
from how much each item is liked.

The position-based model (Richardson, Dominowska and Ragno 2007): a click is a look at the place times a liking. Places
and ranks part where lists were re-ordered; where none was, the prior's word stands.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

FALL = 0.3  # looks at place p before anything is known: (p + 1) ** -FALL; mild, for only what was in sight counts
TRUST = 40.0  # expected clicks that the prior is worth at each place
SMOOTH = 5.0  # clicks at the mean rate that each rank starts with
ALIKE = 4.0  # and each item: likings differ by about a half around their mean


def prior(places: int) -> Floats:
    """Looks at each place relative to the first, before any click."""
    looks: Floats = np.power(np.arange(places) + 1.0, -FALL, dtype=np.float64)
    return looks


def looks_and_ranks(
    places: Codes, ranks: Codes, items: Codes, clicks: Floats, *, size: tuple[int, int], rounds: int = 30
) -> tuple[Floats, Floats]:
    """Looks at each place (1 at the first) and the click rate of each rank of the mix where it is looked at.

    One entry per shown item; `size` is how many places and ranks there are. Clicks are taken as Poisson counts of
    place x rank x item, each factor with a gamma prior, and fitted by turns in closed form.
    """
    start, count = prior(size[0]), int(items.max(initial=0)) + 1
    looks, liked = start.copy(), np.ones(count)
    rate = float(max(clicks.sum() / max(start[places].sum(), 1e-9), 1e-6))
    by_rank = np.full(size[1], rate)
    clicked = [
        np.bincount(codes, clicks, minlength=n)
        for codes, n in ((places, size[0]), (ranks, size[1]), (items, count))
    ]  # fmt: skip
    for _ in range(rounds):
        expected = np.bincount(ranks, looks[places] * liked[items], minlength=size[1])
        by_rank = (clicked[1] + SMOOTH) / (expected + SMOOTH / rate)
        expected = np.bincount(items, looks[places] * by_rank[ranks], minlength=count)
        liked = (clicked[2] + ALIKE) / (expected + ALIKE)
        expected = np.bincount(places, by_rank[ranks] * liked[items], minlength=size[0])
        looks = (clicked[0] + TRUST * start) / (expected + TRUST)
        looks = np.clip(looks / looks[0], 0.02, 1.0)
    return looks, by_rank
