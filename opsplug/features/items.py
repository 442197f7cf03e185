"""The catalogue as columns, and its texts as TF-IDF features that need no word segmenter."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORD = re.compile(r"[^\W_]+", re.UNICODE)
CJK = re.compile(r"[぀-ヿ㐀-鿿豈-﫿가-힯]+")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One row per item. Missing texts are empty, missing prices and times are NaN."""

    item_ids: list[str]
    names: list[str]
    categories: list[str]
    brands: list[str]
    texts: list[str]
    prices: NDArray[np.float64]
    created: NDArray[np.float64]
    sellers: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.item_ids)

    def aligned(self, item_ids: Sequence[str]) -> Catalogue:
        """The same catalogue in another order; items it does not know become empty rows."""
        place = {item: row for row, item in enumerate(self.item_ids)}
        rows = [place.get(item, -1) for item in item_ids]

        def pick(column: list[str]) -> list[str]:
            return [column[row] if row >= 0 else "" for row in rows] if column else [""] * len(rows)

        at = np.array(rows, np.int64)
        prices, created = (np.append(column, np.nan)[at] for column in (self.prices, self.created))
        return Catalogue(
            list(item_ids), pick(self.names), pick(self.categories), pick(self.brands), pick(self.texts),
            prices, created, pick(self.sellers),
        )  # fmt: skip


def catalogue(records: Iterable[Mapping[str, Any]]) -> Catalogue:
    """Columns from catalogue records (`item_id` and any GA4 item field). Rows without an id are left out."""
    rows = [record for record in records if record.get("item_id")]
    return Catalogue(
        [str(row["item_id"]) for row in rows],
        [_text(row.get("item_name")) for row in rows],
        [_category(row) for row in rows],
        [_text(row.get("item_brand")) for row in rows],
        [_words(row) for row in rows],
        np.array([_number(row.get("price")) for row in rows], np.float64),
        np.array([_number(row.get("created_at")) for row in rows], np.float64),
        [_text(row.get("seller_id") or row.get("affiliation")) for row in rows],
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:1000]


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _category(row: Mapping[str, Any]) -> str:
    levels = ["item_category", *(f"item_category{level}" for level in range(2, 6))]
    return " > ".join(_text(row[level]) for level in levels if row.get(level))


def _words(row: Mapping[str, Any]) -> str:
    attributes = row.get("attributes")
    tags = row.get("tags")
    parts = [_text(row.get("item_variant")), _text(row.get("description"))[:300]]
    if isinstance(tags, list | tuple):
        parts += [_text(tag) for tag in tags]
    if isinstance(attributes, Mapping):
        parts += [f"{key} {value}" for key, value in attributes.items()]
    return " ".join(part for part in parts if part)


def tokens(text: str) -> list[str]:
    """Lower-case words and word pairs; runs of Chinese, Japanese or Korean become character pairs and triples."""
    plain = CJK.sub(" ", text.lower())
    words = WORD.findall(plain)
    found = words + [f"{a} {b}" for a, b in pairwise(words)]
    for run in CJK.findall(text):
        found += [run[i : i + size] for size in (1, 2, 3) for i in range(len(run) - size + 1)]
    return found


def price_bands(prices: NDArray[np.float64], bands: int = 5) -> NDArray[np.int8]:
    """Quantile band of each price, 0 the cheapest; -1 where no price is known."""
    known = np.isfinite(prices)
    found = np.full(len(prices), -1, np.int8)
    if known.any():
        edges = np.quantile(prices[known], np.linspace(0, 1, bands + 1)[1:-1])
        found[known] = np.searchsorted(edges, prices[known], "right")
    return found


def documents(items: Catalogue) -> list[list[str]]:
    """The features of each item as a list of tokens: name words, whole category, brand, price band, other text."""
    bands = price_bands(items.prices)
    found = []
    for row in range(len(items)):
        listed = tokens(items.names[row]) + tokens(items.texts[row]) + tokens(items.categories[row])
        for mark, value in (("category", items.categories[row]), ("brand", items.brands[row])):
            if value:
                listed.append(f"{mark}={value.lower()}")
        if bands[row] >= 0:
            listed.append(f"price={bands[row]}")
        found.append(listed)
    return found
