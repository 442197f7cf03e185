"""Lists of products: what their cards say of pages nobody has opened yet, and which list a product belongs to."""

import re
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from opsplug.capture.discovery.dom import Layout, Slot
from opsplug.capture.discovery.prices import read_price

_MOST_CARDS: Final = 5000
_MOST_LISTS: Final = 500
_MOST_LINKS: Final = 20_000
_TEXTS: Final = 6  # of one card that are remembered
_AGREEMENT: Final = 0.9  # of what cards say with what pages say, before a card is believed without its page
_FEWEST: Final = 3
_INDEX: Final = re.compile(r"\|\d+\Z")


class Lists:
    """All list pages read so far, within bounds."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, list[str]] = OrderedDict()  # path -> what leads to it says
        self._cards: OrderedDict[str, dict[str, str]] = OrderedDict()  # path -> place in the card -> value
        self._lists: OrderedDict[str, tuple[str, frozenset[str]]] = OrderedDict()  # list page -> (route, paths)
        self._calls: defaultdict[str, Counter[str]] = defaultdict(Counter)  # page -> what links call it
        self._headings: dict[str, str] = {}

    def read(self, layout: Layout, route: str) -> None:
        """Remember the cards and links of one page."""
        for path, text in layout.links.items():
            self._say(path, text)
            if len(text) <= 40 and path not in layout.cards and len(self._calls) < _MOST_LISTS * 4:
                self._calls[path][text] += 1
        for path, slots in layout.cards.items():
            for slot in slots[:_TEXTS]:
                if slot.kind == "text":
                    self._say(path, slot.value)
            self._cards[path] = _values(slots)
            self._cards.move_to_end(path)
        while len(self._cards) > _MOST_CARDS:
            self._cards.popitem(last=False)
        if len(layout.cards) >= 2:
            self._lists[layout.path] = (route, frozenset(layout.cards))
            self._lists.move_to_end(layout.path)
            heading = next((slot.value for slot in layout.slots if slot.tag in ("h1", "h2") and not slot.elsewhere), "")
            self._headings[layout.path] = heading
        while len(self._lists) > _MOST_LISTS:
            self._headings.pop(self._lists.popitem(last=False)[0], None)

    def _say(self, path: str, text: str) -> None:
        said = self._texts.setdefault(path, [])
        if text not in said and len(said) < _TEXTS * 2:
            said.append(text[:200])
        self._texts.move_to_end(path)
        while len(self._texts) > _MOST_LINKS:
            self._texts.popitem(last=False)

    @property
    def texts(self) -> Mapping[str, list[str]]:
        return self._texts

    @property
    def listed_paths(self) -> list[str]:
        return list(self._cards)

    def listed(self, path: str) -> bool:
        """Whether a list leads to this page."""
        return path in self._cards

    def unopened(self, known: Mapping[str, Mapping[str, Any]], paths: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Fields of pages that only lists speak of, as far as lists are right about `known` ones."""
        both = [(self._cards[path], fields) for path, fields in known.items() if path in self._cards]
        places = {name: _place_of(name, both) for name in ("item_name", "price", "image_url")}
        if places["item_name"] is None:
            return {}
        found: dict[str, dict[str, Any]] = {}
        for path in paths:
            card = self._cards.get(path, {})
            fields = {name: _read(name, card[place]) for name, place in places.items() if place and place in card}
            fields = {name: value for name, value in fields.items() if value is not None and value != ""}
            if "item_name" in fields:
                found[path] = fields
        return found

    def category(self, path: str, products: frozenset[str]) -> tuple[str, str] | None:
        """(name, list page) of the list that a product belongs to: of those lists that part the products best."""
        best: tuple[float, str] | None = None
        for page, (route, paths) in self._lists.items():
            if path not in paths or page == "/" or len(paths & products) > 0.8 * max(len(products), 5):
                continue
            pages = [one for _, (other, one) in self._lists.items() if other == route]
            if len(pages) < 2 and not self._calls.get(page):
                continue
            listed = Counter(one for each in pages for one in each & products)
            if not listed:
                continue
            score = len(listed) / max(len(products), 1) / (sum(listed.values()) / len(listed)) + 0.01 * len(pages)
            if (best is None or score > best[0]) and self._name(page):
                best = (score, page)
        return (self._name(best[1]), best[1]) if best is not None else None

    def _name(self, page: str) -> str:
        called = self._calls.get(page)
        name = called.most_common(1)[0][0] if called else self._headings.get(page, "")
        return name if 1 < len(name) <= 60 and read_price(name) is None else ""


def _values(slots: list[Slot]) -> dict[str, str]:
    values: dict[str, str] = {}
    for slot in slots[:40]:
        place = _INDEX.sub("", slot.place)
        if place in values:
            place = f"{place}+"
        values.setdefault(f"{'image ' if slot.kind == 'image' else ''}{place}", slot.value)
    return values


def _place_of(name: str, both: list[tuple[dict[str, str], Mapping[str, Any]]]) -> str | None:
    """The place in cards that says what the pages say."""
    right: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for card, fields in both:
        for place, value in card.items():
            if name in fields and (found := _read(name, value)) is not None:
                seen[place] += 1
                right[place] += found == fields[name]
    for place, n in right.most_common():
        if n >= _FEWEST and n >= _AGREEMENT * seen[place]:
            return place
    return None


def _read(name: str, value: str) -> Any:
    if name != "price":
        return value
    price = read_price(value)
    return None if price is None else price.amount
