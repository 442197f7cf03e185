"""What can be bought now, by the shop's own word at the moment of serving."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from opsplug.capture.callables import ShopCallable, loop_of_the_visit
from opsplug.capture.guard import Guard
from opsplug.services.recommend.ranking import Candidate

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters

LARGEST = 500  # ids in one question
MOST = 2000  # ids asked about for one list


class Stock:
    """The shop's `is_available`: one for each process, safe to share between threads."""

    def __init__(
        self,
        callback: ShopCallable | Callable[[Sequence[str]], Any],
        counters: Counters,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not isinstance(callback, ShopCallable):
            callback = ShopCallable("is_available", callback, Guard(counters), clock=clock)
        self._asked = callback

    @classmethod
    def of(
        cls, callback: Stock | ShopCallable | Callable[[Sequence[str]], Any] | None, counters: Counters
    ) -> Stock | None:
        """What guards the shop's callback; the same where it is guarded already."""
        return callback if callback is None or isinstance(callback, Stock) else cls(callback, counters)

    def __call__(self, ids: Sequence[str]) -> Collection[str] | None:
        """Those of `ids` that can be bought, None where the shop has not said."""
        return self._asked.ask(list(ids), loop=loop_of_the_visit())  # type: ignore[no-any-return]


class Availability:
    """The shop's own word on stock, asked once per item and list, in the order of rank and not further than needed."""

    def __init__(self, stock: Stock | None) -> None:
        self._stock = stock
        self._said: dict[str, bool] = {}

    def filter(
        self, candidates: Sequence[Candidate], most: int, removed: Callable[[str, str], object]
    ) -> list[Candidate]:
        """The available ones among the candidates, at least `most` of them where there are so many."""
        if self._stock is None:
            return list(candidates)
        kept: list[Candidate] = []
        start, size = 0, most
        while start < len(candidates) and len(kept) < most and len(self._said) < MOST:
            block = candidates[start : start + size]
            self._ask([candidate.item_id for candidate in block])
            for candidate in block:
                if self._said[candidate.item_id]:
                    kept.append(candidate)
                else:
                    removed("unavailable", candidate.item_id)
            start, size = start + size, min(2 * size, LARGEST)
        return kept

    def one(self, item_id: str) -> bool:
        self._ask([item_id])
        return self._said.get(item_id, True)

    def _ask(self, ids: Sequence[str]) -> None:
        unknown = [item_id for item_id in ids if item_id not in self._said]
        if not unknown or self._stock is None:
            return
        answer = self._stock(unknown)
        here = set(unknown) if answer is None else answer
        self._said.update({item_id: item_id in here for item_id in unknown})
