"""Why an item stands in a list: which channel contributed most, and which item of the history or page it speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Codes
from opsplug.models.recommend.neighbours import Neighbours, NeighbourScorer
from opsplug.models.recommend.scorer import Channel

WITHOUT_ANCHOR = ("popular", "buy_again")  # reasons that name no other item


@dataclass(frozen=True, slots=True)
class Contribution:
    """A column of the score contributions: a channel, asked about the visitor or about the items of a page or cart."""

    channel: Channel
    beside: bool = False

    @property
    def name(self) -> str:
        return f"{self.channel.name} (page)" if self.beside else self.channel.name

    @property
    def reason(self) -> str:
        return self.channel.item_reason if self.beside else self.channel.reason

    @property
    def anchored_by(self) -> str:
        """The member among whose neighbours the item is found that the reason names."""
        return self.channel.scorer if issubclass(self.channel.classes[0], NeighbourScorer) else "neighbours"


def explain(
    members: Mapping[str, Any],
    columns: Sequence[Contribution],
    contributions: NDArray[np.float32],
    chosen: Codes,
    past: Codes,
    around: Codes,
) -> tuple[list[str], Codes]:
    """Reason and anchor (item code, -1 for none) of each chosen item.

    `contributions` has shape (chosen items, columns); `past` are the items of the history, newest first, and `around`
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
        column = columns[strongest]
        reason = column.reason if most > 0 else "popular"
        if column.beside or (reason not in WITHOUT_ANCHOR and len(past)):
            asked.setdefault((column.anchored_by, column.beside), []).append(place)
        elif reason == "buy_again":
            anchors[place] = chosen[place]
        reasons.append(reason)
    if asked:
        place_of = np.full(len(members["neighbours"].rows.codes), len(chosen), np.int32)
        place_of[chosen] = np.arange(len(chosen))
        for (table, beside), places in asked.items():
            sources = around if beside else past
            anchors[places] = _anchors(members[table].rows, sources, place_of, len(chosen))[places]
    return reasons, anchors


def _anchors(rows: Neighbours, sources: Codes, place_of: NDArray[np.int32], count: int) -> Codes:
    """Which of `sources` has the largest weight for each chosen item; the first where none has any."""
    asked = place_of.take(rows.codes.take(sources, axis=0)).ravel()
    named = np.flatnonzero(asked < count)
    at = named // rows.codes.shape[1]
    weight = np.zeros((count, len(sources)), np.float32)
    weight[asked.take(named), at] = np.maximum(rows.weights.take(sources, axis=0).ravel().take(named), 0)
    found: Codes = sources[weight.argmax(1)]
    return found
