"""One question to a recommender: what a visitor did, when it is, and where the list will stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Codes
from opsplug.models.recommend.constants import MAX_HISTORY


@dataclass(slots=True)
class Query:
    """The history of a visitor (known items, oldest first), the moment, the placement and the page's item or -1."""

    items: NDArray[np.int64]
    times: NDArray[np.float64]
    kinds: NDArray[np.int8]
    now: float
    placement: str = "home"
    page: int = -1
    memo: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        history: Sequence[tuple[int, float, int]],
        *,
        size: int,
        now: float,
        placement: str = "home",
        page: int = -1,
    ) -> Query:
        """A query from `(item code, epoch seconds, kind)` triples; unknown codes are dropped, the newest kept."""
        known = [event for event in history[-MAX_HISTORY:] if 0 <= event[0] < size]
        known.sort(key=lambda event: event[1])
        return cls(
            np.array([event[0] for event in known], np.int64),
            np.array([event[1] for event in known], np.float64),
            np.array([event[2] for event in known], np.int8),
            now, placement, page if 0 <= page < size else -1,
        )  # fmt: skip

    def about(self, items: Codes) -> Query:
        """The same moment for somebody of whom only these items are known, all of now."""
        count = len(items)
        times, kinds = np.full(count, self.now), np.zeros(count, np.int8)
        return Query(items, times, kinds, self.now, self.placement, self.page)

    def truncated(self, events: int) -> Query:
        """The same question with only the newest events known, as after a change of device."""
        return Query(
            self.items[-events:], self.times[-events:], self.kinds[-events:], self.now, self.placement, self.page
        )

    def distinct(self, longest: int = MAX_HISTORY) -> tuple[Codes, NDArray[np.float64]]:
        """Distinct items of the newest events, newest first, and how many events ago the newest event of each was."""
        if "distinct" not in self.memo:
            first: dict[int, int] = {}
            for ago, item in enumerate(self.items[::-1].tolist()):
                first.setdefault(item, ago)
            count = len(first)
            self.memo["distinct"] = np.fromiter(first, np.int64, count), np.fromiter(first.values(), np.float64, count)
        items, ago = self.memo["distinct"]
        kept = int(np.searchsorted(ago, longest)) if longest < len(self.items) else len(items)
        return items[:kept], ago[:kept]

    def recency(self, decay: float, longest: int = MAX_HISTORY) -> tuple[Codes, NDArray[np.float64]]:
        """Distinct items, newest first, and the weight `decay ** events ago` of the newest event of each."""
        items, ago = self.distinct(longest)
        return items, decay**ago
