"""What can be bought now, by the shop's own word at the moment of serving."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opsplug.services.ranking import Candidate

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters

log = logging.getLogger("opsplug")


class Availability:
    """The shop's own word on stock, asked once per item and list, in the order of rank and not further than needed."""

    def __init__(self, callback: Callable[[Sequence[str]], Any] | None, counters: Counters) -> None:
        self._callback = callback
        self._counters = counters
        self._said: dict[str, bool] = {}

    def filter(
        self, candidates: Sequence[Candidate], most: int, removed: Callable[[str, str], object]
    ) -> list[Candidate]:
        """The available ones among the candidates, at least `most` of them where there are so many."""
        if self._callback is None:
            return list(candidates)
        kept: list[Candidate] = []
        for start in range(0, len(candidates), most):
            block = candidates[start : start + most]
            self._ask([candidate.item_id for candidate in block])
            for candidate in block:
                if self._said[candidate.item_id]:
                    kept.append(candidate)
                else:
                    removed("unavailable", candidate.item_id)
            if len(kept) >= most:
                break
        return kept

    def one(self, item_id: str) -> bool:
        self._ask([item_id])
        return self._said.get(item_id, True)

    def _ask(self, ids: Sequence[str]) -> None:
        unknown = [item_id for item_id in ids if item_id not in self._said]
        if not unknown or self._callback is None:
            return
        try:
            answer = self._callback(unknown)
            here: Collection[str]
            here = {i for i, yes in answer.items() if yes} if isinstance(answer, Mapping) else {str(i) for i in answer}
        except Exception as error:  # the shop's callback failed: the catalogue's word stands
            log.error("opsplug: is_available failed, the catalogue's availability is used", exc_info=error)
            self._counters.add("errors.is_available")
            here = unknown
        self._said.update({item_id: item_id in here for item_id in unknown})
