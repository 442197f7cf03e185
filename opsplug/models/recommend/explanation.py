"""Why an item stands in a list: which voice of the mix gave most, and which item of the history or page it speaks of.

The voices are the channels of the mix, then the same channels asked about what a page or cart is about, then what is
bought together with that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.base import Codes, Neighbours
from opsplug.models.recommend.fusion import BESIDE, CHANNELS

REASONS = {
    "similar": "similar", "next": "also_viewed", "also_viewed": "also_viewed", "popular": "popular",
    "recent": "popular", "trend": "popular", "buy_again": "buy_again", "rebuy": "buy_again", "due": "buy_again",
    "bought_together": "bought_together",
}  # fmt: skip
TASTES = "because_you_viewed"  # the reason of every other channel
SPEAKERS = ("similar", "also_viewed", "bought_together")  # tables that can say themselves what they speak of


class Voice(NamedTuple):
    """`near`: asked about the page or cart; `table`: the neighbours among which its speaker is found."""

    near: bool
    reason: str
    table: str


def _voice(name: str, near: bool) -> Voice:
    table = "also_viewed" if name == "next" else name
    reason = REASONS.get(name, "also_viewed" if near else TASTES)
    return Voice(near, reason, table if table in SPEAKERS else "neighbours")


VOICES = (*(_voice(name, near) for near in (False, True) for name in CHANNELS), _voice(BESIDE, True))


def explain(
    parts: Mapping[str, Any], contributions: NDArray[np.float32], chosen: Codes, past: Codes, around: Codes
) -> tuple[list[str], Codes]:
    """Reason and anchor (item code, -1 for none) of each chosen item.

    `contributions` has shape (chosen items, voices); `past` are the items of the history, newest first, and `around`
    those that the list stands beside.
    """
    anchors = np.full(len(chosen), -1, np.int64)
    if not len(chosen):
        return [], anchors
    reasons = []
    asked: dict[tuple[str, bool], list[int]] = {}  # table and sources -> places of the list that ask it
    for place, (strongest, most) in enumerate(
        zip(contributions.argmax(1).tolist(), contributions.max(1).tolist(), strict=True)
    ):
        near, reason, table = VOICES[strongest]
        if most <= 0:
            reason = "popular"
        if near or (reason not in ("popular", "buy_again") and len(past)):
            asked.setdefault((table, near), []).append(place)
        elif reason == "buy_again":
            anchors[place] = chosen[place]
        reasons.append(reason)
    if asked:
        place_of = np.full(len(parts["neighbours"].rows.codes), len(chosen), np.int32)
        place_of[chosen] = np.arange(len(chosen))
        for (table, near), places in asked.items():
            sources = around if near else past
            anchors[places] = _speakers(parts[table].rows, sources, place_of, len(chosen))[places]
    return reasons, anchors


def _speakers(rows: Neighbours, sources: Codes, place_of: NDArray[np.int32], count: int) -> Codes:
    """Which of `sources` speaks loudest for each chosen item; the first where none does."""
    asked = place_of.take(rows.codes.take(sources, axis=0)).ravel()
    named = np.flatnonzero(asked < count)
    at = named // rows.codes.shape[1]
    voice = np.zeros((count, len(sources)), np.float32)
    voice[asked.take(named), at] = np.maximum(rows.weights.take(sources, axis=0).ravel().take(named), 0)
    found: Codes = sources[voice.argmax(1)]
    return found
