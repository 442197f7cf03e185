"""How much alike the items of one list may be: caps on groups, and maximal marginal relevance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.services.recommend.ranking import Candidate

Record = Mapping[str, Any]
Records = Mapping[str, Record]


class Caps:
    """Counts the groups of a list, a group being one value of a field; the item of the page counts as a variant."""

    def __init__(self, caps: Mapping[str, int], records: Records, page: Record | None = None) -> None:
        self._caps = caps
        self._records = records
        self._used: Counter[tuple[str, str]] = Counter()
        group = (page or {}).get("item_group_id")
        if group and "item_group_id" in caps:
            self._used["item_group_id", str(group)] = caps["item_group_id"]

    def full(self, item_id: str) -> str:
        """The first field whose cap leaves no place for this item, "" where there is place."""
        return next((name for name, value in self._groups(item_id) if self._used[name, value] >= self._caps[name]), "")

    def take(self, item_id: str) -> None:
        self._used.update(self._groups(item_id))

    def at_their_caps(self) -> list[tuple[str, str]]:
        """The groups (field, value) that may have no further item."""
        return [group for group, count in self._used.items() if count >= self._caps[group[0]]]

    def _groups(self, item_id: str) -> list[tuple[str, str]]:
        record = self._records.get(item_id, {})
        return [(name, str(record[name])) for name in self._caps if record.get(name)]


class Relevance(Iterator[Candidate]):
    """Candidates by maximal marginal relevance (Carbonell and Goldstein 1998), one by one.

    `chosen` is the list as it grows: what was added to it since the last step counts against all that are like it.
    """

    def __init__(
        self, candidates: Sequence[Candidate], chosen: Sequence[Candidate], records: Records, diversity: float
    ) -> None:
        self._candidates, self._chosen, self._seen = candidates, chosen, 0
        self._records = records
        self._likeness = Likeness([records.get(candidate.item_id, {}) for candidate in candidates])
        scores = np.array([candidate.score for candidate in candidates], np.float64)
        self._worth = (1 - diversity) * scores / (float(scores.max(initial=0.0)) or 1.0)
        self._diversity = diversity
        self._nearest = np.zeros(len(candidates))

    def __next__(self) -> Candidate:
        for other in self._chosen[self._seen :]:
            like = self._likeness.to(self._records.get(other.item_id, {}))
            np.maximum(self._nearest, like, out=self._nearest)
        self._seen = len(self._chosen)
        value = self._worth - self._diversity * self._nearest
        place = int(np.argmax(value)) if len(value) else 0
        if not len(value) or self._worth[place] == -np.inf:
            raise StopIteration
        self._worth[place] = -np.inf
        return self._candidates[place]


class Likeness:
    """0 to 1 from category, brand and price, of many items to one: cheap enough to be asked for every place."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._categories = _texts(records, "item_category")
        self._brands = _texts(records, "item_brand")
        self._prices = np.array([float(record.get("price") or 0.0) for record in records], np.float64)

    def to(self, record: Record) -> NDArray[np.float64]:
        found = np.zeros(len(self._prices))
        for weight, column, name in ((0.6, self._categories, "item_category"), (0.3, self._brands, "item_brand")):
            if record.get(name):
                found += weight * (column == str(record[name]))
        price = float(record.get("price") or 0.0)
        low, high = np.minimum(self._prices, price), np.maximum(self._prices, price)
        return found + 0.1 * np.divide(low, high, out=np.zeros(len(low)), where=high > 0)


def _texts(records: Sequence[Record], name: str) -> NDArray[Any]:
    column = np.empty(len(records), object)
    column[:] = [str(record.get(name) or "") for record in records]
    return column
