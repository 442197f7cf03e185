"""Which items one question scores: all of a small shop; of a large one, those that some part has reason to name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.base import Codes, Query, Scores

SMALL = 12_000  # items that are all scored: cheaper than choosing among them
LEADERS = 500  # items of each list of favourites that are scored for everybody
NEAREST = 300  # items by factors
FIRST = 40  # newest distinct items whose neighbours are looked at


@dataclass(frozen=True, slots=True)
class View:
    """`size` items of the vocabulary, of which those in `codes` (ascending; None: all) are scored."""

    size: int
    codes: Codes | None = None
    place: NDArray[np.int32] | None = None  # of every item in `codes`, their number for items not among them

    @classmethod
    def among(cls, size: int, codes: Codes) -> View:
        place = np.full(size, len(codes), np.int32)
        place[codes] = np.arange(len(codes), dtype=np.int32)
        return cls(size, codes, place)

    def __len__(self) -> int:
        return self.size if self.codes is None else len(self.codes)

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """The entries of the scored items, of one value per item."""
        return values if self.codes is None else values.take(self.codes, axis=0)

    def places(self, codes: Codes) -> Codes:
        """Where these items stand, without those that are not scored."""
        if self.place is None:
            return codes
        found = self.place[codes]
        return found[found < len(self)].astype(np.int64)

    def items(self, places: Codes) -> Codes:
        return places if self.codes is None else self.codes[places]

    def sums(self, codes: NDArray[Any], weights: NDArray[Any]) -> NDArray[np.float64]:
        """Sums of `weights` by item, one per scored item."""
        if self.place is None:
            return np.bincount(codes, weights, minlength=self.size).astype(np.float64, copy=False)
        found = np.bincount(self.place.take(codes), weights, minlength=len(self) + 1)
        return found[: len(self)].astype(np.float64, copy=False)


def leaders(parts: Mapping[str, Any]) -> Codes:
    """Items that anybody may be shown: the first of every list of favourites."""
    lists: Sequence[Scores] = (parts["popular"].shares, parts["trend"].fresh, parts["trend"].rise)
    most = min(LEADERS, len(lists[0]))
    return np.unique(np.concatenate([np.argpartition(-scores, most - 1)[:most] for scores in lists if most]))


def view_of(
    parts: Mapping[str, Any], query: Query, beside: Query | None, favourites: Codes, asked_for: Codes | None = None
) -> View:
    """The items to score for a visitor, and for the items of a page or cart (`beside`)."""
    size = len(parts["popular"].shares)
    if size <= SMALL:
        return View(size)
    named = np.zeros(size, bool)
    named[favourites] = True
    named[query.items] = True
    if asked_for is not None:
        named[asked_for] = True
    for asked in (query, beside):
        if asked is not None and len(asked.items):
            sources = asked.distinct()[0][:FIRST]
            for name in ("neighbours", "also_viewed", "similar", "bought_together"):
                named[parts[name].rows.codes[sources]] = True
            named[parts["session"].votes(asked)[0]] = True
    if len(query.items):
        named[parts["factors"].nearest(*query.recency(0.85), NEAREST)] = True
    return View.among(size, np.flatnonzero(named))
