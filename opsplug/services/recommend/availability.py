"""What can be bought now, by the shop's own word at the moment of serving."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opsplug.services.recommend.ranking import Candidate

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters

log = logging.getLogger("opsplug")

PATIENCE = 1.0  # seconds that one question about stock may take
PAUSE = 30.0  # seconds without a question after one that took longer
QUIET = 60.0  # seconds between two lines of the log about the same trouble
LARGEST = 500  # ids in one question
MOST = 2000  # ids asked about for one list
_NO_ID = (bool, bytes, Mapping, Sequence)  # rows of a database, or one truth for each id, are not ids


class Stock:
    """The shop's `is_available`, kept from harming a page: one for each process, safe to share between threads.

    A callback that raises, or answers what cannot be read, has said nothing. One that takes too long is left alone for
    a while; and while one question hangs, no other request hangs with it.
    """

    def __init__(
        self,
        callback: Callable[[Sequence[str]], Any],
        counters: Counters,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._callback = callback
        self._counters = counters
        self._clock = clock
        self._asked_at: dict[object, float] = {}  # questions without an answer yet
        self._next = 0.0
        self._logged = -QUIET

    @classmethod
    def of(cls, callback: Callable[[Sequence[str]], Any] | None, counters: Counters) -> Stock | None:
        """What guards the shop's callback; the same where it is guarded already."""
        return callback if callback is None or isinstance(callback, Stock) else cls(callback, counters)

    def __call__(self, ids: Sequence[str]) -> Collection[str] | None:
        """Those of `ids` that can be bought, None where the shop has not said."""
        began = self._clock()
        if began < self._next or any(began - at > PATIENCE for at in list(self._asked_at.values())):
            self._counters.add("is_available_not_asked")
            return None
        question = object()
        self._asked_at[question] = began
        try:
            return available(self._callback(list(ids)))
        except Exception as error:  # the shop's callback failed: the catalogue's word stands
            self._trouble("failed", error)
            return None
        finally:
            del self._asked_at[question]
            took = self._clock() - began
            if took > PATIENCE:
                self._next = self._clock() + PAUSE
                self._trouble(f"took {took:.1f} s and is not asked for {PAUSE:.0f} s", None)

    def _trouble(self, what: str, error: Exception | None) -> None:
        self._counters.add("errors.is_available")
        if self._clock() - self._logged >= QUIET:
            self._logged = self._clock()
            log.error("opsplug: is_available %s, the catalogue's availability is used", what, exc_info=error)


def available(answer: Any) -> set[str]:
    """Ids out of what the callback returned: a collection of ids, or a mapping of id to true or false."""
    if isinstance(answer, Mapping):
        answer = [item_id for item_id, yes in answer.items() if yes]
    ids = None if isinstance(answer, str | bytes) else list(answer)
    if ids is None or any(isinstance(item, _NO_ID) and not isinstance(item, str) for item in ids):
        raise TypeError("is_available: a set or list of ids, or a mapping of id to true or false, is expected")
    return {str(item) for item in ids}


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
