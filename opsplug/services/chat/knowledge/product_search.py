"""Finds products by description, "red mug under 10", with the price and stock of this moment."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from opsplug.errors import ModelError
from opsplug.models.text.retrieval import FITTED_WITH
from opsplug.models.text.sentence import Floats
from opsplug.models.text.tokens import words
from opsplug.services.chat.knowledge.vectors import Vectors
from opsplug.services.chat.understanding.entities import COLOURS, Entities

_FIELDS = (("item_name", 1.0), ("item_category", 0.6), ("item_variant", 0.6), ("item_brand", 0.5), ("description", 0.2))
_MIN_COVERAGE = 0.5  # share of the description's weight that a product must match
_UNKNOWN_WORD_WEIGHT = 0.5  # of the weight of a word that no product has: "a python course" finds what "python" finds
_MAX_VECTORS = 5_000  # products whose names get vectors, at the first question that no words answer
_MAX_NEIGHBOURS = 30  # products that mean the like are looked at
_COSINE_MARGIN = 0.1  # cosine by which they may be less like than the best
_STOP_CHARACTERS = frozenset("子儿个只件款条张把双套种")
Record = Mapping[str, Any]


class ProductSearch(Protocol):
    """What the assistant asks the catalogue: records that fit, best first, `price` and `available` as they are now."""

    def __call__(
        self, description: str, limits: Entities, k: int = 3, likeness: float | None = None
    ) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class _Index:
    records: Sequence[Record]
    rows: Mapping[str, Mapping[int, float]]  # term -> record -> weight of the field it stands in

    @classmethod
    def of(cls, records: Iterable[Record]) -> _Index:
        kept = [record for record in records if record.get("published", True) is not False]
        rows: dict[str, dict[int, float]] = defaultdict(dict)
        for at, record in enumerate(kept):
            tags = " ".join(map(str, record.get("tags") or ()))
            for name, weight in (*_FIELDS, ("tags", 0.6)):
                text = tags if name == "tags" else str(record.get(name) or "")
                for term in terms(text):
                    rows[term][at] = max(weight, rows[term].get(at, 0.0))
        return cls(kept, dict(rows))

    def scores(self, description: str) -> dict[int, float]:
        """Share in [0, 1] of the description's weight that each record matches; rare words weigh more."""
        asked = {term: self._rarity(term) for term in terms(description)}
        total = sum(asked.values()) or 1.0
        found: dict[int, float] = defaultdict(float)
        for term, rarity in asked.items():
            for at, weight in self.rows.get(term, {}).items():
                found[at] += rarity * weight / total
        return found

    def _rarity(self, term: str) -> float:
        having = len(self.rows.get(term, ()))
        rarity = 1.0 + math.log((1 + len(self.records)) / (1 + having))
        return rarity if having else _UNKNOWN_WORD_WEIGHT * rarity


class CatalogueSearch:
    """`ProductSearch` over records in memory. `price` and `is_available` are the shop's own callbacks for item ids."""

    def __init__(
        self,
        records: Callable[[], Iterable[Record]],
        version: Callable[[], object] = lambda: None,
        price: Callable[[Sequence[str]], Mapping[str, float]] | None = None,
        is_available: Callable[[Sequence[str]], Collection[str] | None] | None = None,
        vectors: Vectors | None = None,
    ) -> None:
        self._vectors = vectors or Vectors(lambda: None)
        self._meanings: tuple[_Index, Floats] | None = None
        self._records = records
        self._version = version
        self._price = price
        self._is_available = is_available
        self._held: tuple[object, _Index] | None = None

    def __call__(
        self, description: str, limits: Entities, k: int = 3, likeness: float | None = None
    ) -> list[dict[str, Any]]:
        """At most `k` records; those that can be bought come first, and none costs more than `limits.below`.

        Where no words fit, those that mean the like, in any language: by at least `likeness` (a cosine), if given.
        """
        index = self._index()
        scores = index.scores(description)
        if terms(description):
            good = [at for at in sorted(scores, key=lambda at: -scores[at]) if scores[at] >= _MIN_COVERAGE]
            if not good and likeness is not None:
                good = self._alike(f"{limits.colour or ''} {description}".strip(), likeness, index)
        else:
            good = [] if limits == Entities() else list(range(len(index.records)))
        fitting = [index.records[at] for at in good if _fits(index.records[at], limits)]
        return self._live(fitting[: 10 * k], limits, k)

    def _alike(self, description: str, likeness: float, index: _Index) -> list[int]:
        encoder = self._vectors.current()
        if encoder is None or encoder.name != FITTED_WITH or not 0 < len(index.records) <= _MAX_VECTORS:
            return []
        try:
            if self._meanings is None or self._meanings[0] is not index:
                self._meanings = (index, encoder.encode([_named(record) for record in index.records]))
            cosines = self._meanings[1] @ encoder.encode([description.lower()])[0]
        except ModelError as error:
            self._vectors.rest(error)
            return []
        order = np.argsort(-cosines, kind="stable")[:_MAX_NEIGHBOURS]
        return [int(at) for at in order if cosines[at] >= max(likeness, cosines[order[0]] - _COSINE_MARGIN)]

    def _index(self) -> _Index:
        version = self._version()
        if self._held is None or version is None or self._held[0] != version:
            self._held = (version, _Index.of(self._records()))
        return self._held[1]

    def _live(self, records: Sequence[Record], limits: Entities, k: int) -> list[dict[str, Any]]:
        ids = [str(record["item_id"]) for record in records]
        prices = self._price(ids) if self._price and ids else {}
        said = self._is_available(ids) if self._is_available and ids else None
        current = []
        for item_id, record in zip(ids, records, strict=True):
            available = record.get("availability", "in_stock") != "out_of_stock"
            if said is not None:
                available = item_id in said
            shown = {**record, "price": prices.get(item_id, record.get("price")), "available": available}
            if _in_limits(shown["price"], limits):
                current.append(shown)
        return sorted(current, key=lambda record: not record["available"])[:k]


def _named(record: Record) -> str:
    return str(record.get("item_name") or record.get("item_category") or "").lower()


def terms(text: str) -> set[str]:
    """Words without their plural; each Chinese character but those that only end or count a noun."""
    return {_singular(word) for word in words(text)} - _STOP_CHARACTERS


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _fits(record: Record, limits: Entities) -> bool:
    texts = " ".join(str(record.get(name) or "") for name, _ in _FIELDS[:3]).lower()
    attributes = {str(key).lower(): str(value).lower() for key, value in (record.get("attributes") or {}).items()}
    if limits.colour is not None:
        said = f"{texts} {attributes.get('color', '')} {attributes.get('colour', '')} {attributes.get('颜色', '')}"
        if not any(word in said.split() if word.isascii() else word in said for word in COLOURS[limits.colour]):
            return False
    size = attributes.get("size", attributes.get("尺码"))
    return limits.size is None or size is None or limits.size.lower() in re.split(r"[\s,/|;]+", size)


def _in_limits(price: Any, limits: Entities) -> bool:
    if limits.below is None and limits.above is None:
        return True
    if not isinstance(price, int | float):
        return False
    return (limits.below is None or price <= limits.below) and (limits.above is None or price >= limits.above)
