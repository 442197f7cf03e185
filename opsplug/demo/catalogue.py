"""What the shop sells: items, categories and a plain search over the names."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Category:
    slug: str
    en: str
    zh: str
    about_en: str
    about_zh: str

    def name(self, language: str) -> str:
        return self.zh if language == "zh" else self.en

    def about(self, language: str) -> str:
        return self.about_zh if language == "zh" else self.about_en


@dataclass(frozen=True)
class Item:
    """One thing on sale. `orders` counts the past orders it was in, `pack` is the quantity most often bought."""

    item_id: str
    name: str
    category: Category
    price: float
    orders: int
    pack: int
    in_stock: bool

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(stems(f"{self.name} {self.category.en}"))


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a gzipped JSON-lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def stems(text: str) -> list[str]:
    """Words in lower case without a plural's ending, so that "mugs" finds a mug."""
    words = re.findall(r"[a-z0-9]+", text.lower().replace("'", ""))
    return [re.sub(r"(?<=[hsx])es$|(?<=[a-rt-z]{2})s$", "", word) for word in words]


class Catalogue:
    """Items in order of popularity."""

    def __init__(self, items: Iterable[Item], categories: Iterable[Category]):
        self.items = sorted(items, key=lambda item: -item.orders)
        self.categories = {category.slug: category for category in categories}
        self._by_id = {item.item_id: item for item in self.items}

    @classmethod
    def load(cls, folder: Path = DATA) -> Catalogue:
        categories = {slug: Category(slug, **texts) for slug, texts in _read_json(folder / "categories.json").items()}
        items = [
            Item(**{**record, "category": categories[record["category"]]})
            for record in read_lines(folder / "items.jsonl.gz")
        ]
        return cls(items, categories.values())

    def get(self, item_id: str) -> Item | None:
        return self._by_id.get(item_id)

    def in_category(self, slug: str) -> list[Item]:
        return [item for item in self.items if item.category.slug == slug]

    def search(self, query: str) -> list[Item]:
        """Items that have every word of the query, whole or as a beginning; whole words first, then by popularity."""
        wanted = stems(query)
        if not wanted:
            return []
        found = []
        for item in self.items:
            whole = sum(word in item.words for word in wanted)
            if whole == len(wanted) or all(_begins(item.words, word) for word in wanted):
                found.append((-whole, item))
        return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def sort_items(items: list[Item], order: str) -> list[Item]:
    """`order` is popular (as they come), price_up, price_down or name; anything else counts as popular."""
    if order == "name":
        return sorted(items, key=lambda item: item.name)
    if order in ("price_up", "price_down"):
        return sorted(items, key=lambda item: item.price, reverse=order == "price_down")
    return items


def _begins(words: frozenset[str], start: str) -> bool:
    return any(word.startswith(start) for word in words)


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
