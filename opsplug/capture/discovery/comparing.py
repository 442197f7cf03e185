"""What differs among the pages of one route is what they are about: the places of name, price and picture.

`learn(layouts)` compares and gives a `Template`; `template.read(layout)` gives the fields of one page with the evidence
for each. Every place gets points for what speaks for it; the best places are kept in order, so that a page that lacks
the first (a discount moves the price) is read at the next.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from opsplug.capture.discovery.dom import Layout, Slot
from opsplug.capture.discovery.prices import Price, read_price
from opsplug.capture.discovery.words import (
    CATEGORY_HINT,
    CATEGORY_LABEL,
    HOME,
    IN_STOCK,
    NAME_HINT,
    OLD_HINT,
    OUT_OF_STOCK,
    PRICE_HINT,
    PRICE_LABEL,
    STOCK_HINT,
    TO_CART,
)

FEWEST: Final = 3  # pages of one route that are compared
_DIFFERENT: Final = 0.6  # share of pages with a value of their own, from which a place is what pages are about
_KEPT: Final = 4  # places kept for one field
_HEADINGS: Final = {"h1": 3.0, "h2": 1.5, "h3": 1.0, "h4": 0.6}
_WORD: Final = re.compile(r"[^\W\d_]")
NAME_POINTS: Final = 3.0  # fewer are no name
PRICE_POINTS: Final = 3.0


class Ranked(NamedTuple):
    """One place for a field, and what speaks for it."""

    place: str
    points: float
    why: str


@dataclass(slots=True)
class Template:
    """Places of the fields of one route's pages, best first. `is_product`: name and price are where they should be."""

    pages: int
    names: list[Ranked] = field(default_factory=list)
    prices: list[Ranked] = field(default_factory=list)
    images: list[Ranked] = field(default_factory=list)
    categories: list[Ranked] = field(default_factory=list)
    stocks: list[Ranked] = field(default_factory=list)
    with_price: float = 0.0  # share of the pages
    amounts: int = 0  # different prices
    is_certain: bool = False  # the shop says so
    with_button: float = 0.0
    hosts: frozenset[str] = frozenset()  # other hosts whose pictures stand at the picture's place on most pages
    constant_crumbs: frozenset[str] = frozenset()

    @property
    def is_product(self) -> bool:
        return bool(self.names) and (self.is_certain or self.with_price >= 0.6)

    def read(self, layout: Layout) -> dict[str, Any]:
        """The fields of one page; `evidence` says for each where it was found. Empty where there is no name."""
        by_place = {slot.place: slot for slot in layout.slots}
        fields: dict[str, Any] = {}
        evidence: dict[str, str] = {}
        name = _first(self.names, by_place, lambda slot: slot.value[:300])
        if name is None:
            return {}
        fields["item_name"], evidence["item_name"] = name
        price = _first(self.prices, by_place, _price_at)
        if price is not None:
            fields["price"], evidence["price"] = price[0].amount, price[1]
            if price[0].currency:
                fields["currency"] = price[0].currency
        image = _first(self.images, by_place, lambda slot: _image_at(slot, self.hosts))
        if image is not None:
            fields["image_url"], evidence["image_url"] = image
        fields.update(self._category(layout, by_place, fields["item_name"], evidence))
        stock = _stock(layout, {ranked.place for ranked in self.stocks}, by_place)
        if stock:
            fields["availability"], evidence["availability"] = stock
        fields["evidence"] = evidence
        return fields

    def _category(
        self, layout: Layout, by_place: Mapping[str, Slot], name: str, evidence: dict[str, str]
    ) -> dict[str, str]:
        crumbs = [
            text for text, target in layout.crumbs
            if text.lower() != name.lower() and target not in ("/", layout.path)
            and text.lower() not in HOME and text not in self.constant_crumbs
        ]  # fmt: skip
        if (
            crumbs
            and layout.crumbs
            and crumbs[-1] == layout.crumbs[-1][0]
            and name.lower().startswith(crumbs[-1].rstrip("…. ").lower())
        ):
            crumbs = crumbs[:-1]
        if crumbs:
            evidence["item_category"] = "breadcrumbs"
            return {f"item_category{level if level > 1 else ''}": text for level, text in enumerate(crumbs[:5], 1)}
        found = _first(self.categories, by_place, lambda slot: CATEGORY_LABEL.sub("", slot.value)[:100].strip() or None)
        if found is None:
            return {}
        evidence["item_category"] = found[1]
        return {"item_category": found[0]}


def learn(layouts: Sequence[Layout], link_texts: Mapping[str, Sequence[str]], certain: bool = False) -> Template | None:
    """Compare pages of one route; None while there are too few.

    `link_texts`: path -> what links and cards that lead to it say; `certain`: the shop says that these are products,
    so that a price is not asked for.
    """
    if len(layouts) < FEWEST:
        return None
    places: defaultdict[str, list[tuple[int, Slot]]] = defaultdict(list)
    for number, layout in enumerate(layouts):
        for slot in layout.slots:
            places[slot.place].append((number, slot))
    template = Template(len(layouts), is_certain=certain)
    template.names = _names(layouts, places, link_texts)
    if not template.names:
        return template
    name_place = template.names[0].place
    orders = {number: slot.order for number, slot in places[name_place]}
    names = {number: slot.value for number, slot in places[name_place]}
    template.prices = _prices(layouts, places, orders)
    chosen = {ranked.place for ranked in template.prices}
    priced = {number for place in chosen for number, slot in places[place] if _price_at(slot)}
    template.with_price = len(priced) / len(layouts)
    read = [_price_at(slot) for place in chosen for _, slot in places[place]]
    template.amounts = len({price.amount for price in read if price is not None})
    template.images, template.hosts = _images(layouts, places, orders, names)
    template.categories = _categories(layouts, places, orders, names)
    template.stocks = _stocks(places, len(layouts))
    buttons = [
        layout for layout in layouts if any(TO_CART.search(text) for text in layout.buttons + layout.disabled_buttons)
    ]
    template.with_button = len(buttons) / len(layouts)
    crumbs = Counter(text for layout in layouts for text, _ in dict.fromkeys(layout.crumbs))
    firsts = Counter(layout.crumbs[0][0] for layout in layouts if len(layout.crumbs) > 2)
    template.constant_crumbs = frozenset(
        text for text, n in crumbs.items() if n == len(layouts) and firsts.get(text, 0) == len(layouts)
    )
    return template


def _names(
    layouts: Sequence[Layout], places: Mapping[str, list[tuple[int, Slot]]], link_texts: Mapping[str, Sequence[str]]
) -> list[Ranked]:
    titles = _own_parts([layout.title for layout in layouts])
    og_titles = _own_parts([layout.og.get("og:title", "") for layout in layouts])
    ranked = []
    for place, found in places.items():
        first = found[0][1]
        if first.kind != "text" or first.elsewhere or len(found) < 0.7 * len(layouts):
            continue
        values = [slot.value for _, slot in found]
        if len(set(values)) < max(2, _DIFFERENT * len(values)) or not all(map(_may_be_name, values)):
            continue
        points, why = 0.0, []
        called = [_called(slot.value, link_texts.get(layouts[number].path, ())) for number, slot in found]
        if sum(called) >= 0.5 * len(found):
            points += 2.5 * sum(called) / len(found)
            why.append("links to the page")
        for words, each, worth in (
            ("the title", titles, 3.0), ("og:title", og_titles, 2.0),
            ("a picture's text", [_alts(layout) for layout in layouts], 2.0),
            ("breadcrumbs", [layout.crumbs[-1][0] if layout.crumbs else "" for layout in layouts], 2.0),
        ):  # fmt: skip
            share = sum(_agrees(slot.value, each[number]) for number, slot in found) / len(found)
            if share >= 0.5:
                points += worth * share
                why.append(words)
        heading = _HEADINGS.get(first.tag, 0.0)
        points += heading + (0.8 if NAME_HINT.search(first.hints.rsplit(" / ", 1)[-1]) else 0.0)
        points -= 1.0 if CATEGORY_HINT.search(first.hints.rsplit(" / ", 1)[-1]) else 0.0
        points -= 2.0 if first.href and first.href != layouts[found[0][0]].path else 0.0
        points -= min(1.0, sum(map(len, values)) / len(values) / 150)
        points += 0.5 * (len(set(values)) / len(values)) + 0.3 / (1 + first.order / 40)
        if heading:
            why.insert(0, f"the page's {first.tag}")
        if points >= NAME_POINTS:
            ranked.append(Ranked(place, points, " and ".join(why) or "its class"))
    ranked.sort(key=lambda one: -one.points)
    return ranked[:_KEPT]


def _may_be_name(text: str) -> bool:
    return 1 < len(text) <= 200 and _WORD.search(text) is not None and read_price(text.strip()) is None


def _agrees(name: str, other: str) -> bool:
    """Whether the other text says this name: links and pictures are called so with a word before or after."""
    name, other = name.casefold(), other.casefold()
    if not name or not other:
        return False
    return (
        name == other
        or (len(name) >= 3 and name in other and len(other) <= 3 * len(name) + 40)
        or (len(other) >= 6 and other.endswith(("...", "…")) and name.startswith(other.rstrip(".… ")))
    )


def _called(name: str, texts: Sequence[str]) -> bool:
    return any(_agrees(name, text) for text in texts)


def _alts(layout: Layout) -> str:
    return next((slot.alt for slot in layout.slots if slot.kind == "image" and slot.alt and not slot.elsewhere), "")


def _own_parts(titles: Sequence[str]) -> list[str]:
    """Titles without what all of them begin and end with: the shop's own name."""
    if len(set(titles)) < 2:
        return [""] * len(titles)
    shortest = min(map(len, titles))
    start = next((n for n in range(shortest) if len({title[n] for title in titles}) > 1), shortest)
    end = next((n for n in range(shortest - start) if len({title[-1 - n] for title in titles}) > 1), shortest - start)
    head, tail = titles[0][:start], titles[0][len(titles[0]) - end :]
    head = head[: max(head.rfind(" "), head.rfind("|"), head.rfind("-")) + 1]
    cut = [position for position in (tail.find(" "), tail.find("|"), tail.find("-")) if position >= 0]
    tail = tail[min(cut) :] if cut else ""
    return [title[len(head) : len(title) - len(tail)].strip(" |-–—·:") for title in titles]


def _prices(
    layouts: Sequence[Layout], places: Mapping[str, list[tuple[int, Slot]]], orders: Mapping[int, int]
) -> list[Ranked]:
    ranked = []
    for place, found in places.items():
        first = found[0][1]
        if first.kind != "text" and not (first.kind == "input" and PRICE_HINT.search(first.hints)):
            continue
        read = [(number, slot, _price_at(slot)) for number, slot in found]
        read = [(number, slot, price) for number, slot, price in read if price is not None]
        if len(read) < 0.7 * len(found) or (first.elsewhere and len(found) < len(layouts)):
            continue
        own = first.hints.rsplit(" / ", 1)[-1]
        labelled = any(PRICE_LABEL.match(text) for text in (first.value, first.around))
        hinted = labelled or PRICE_HINT.search(own) or PRICE_HINT.search(first.hints)
        signed = sum(price.has_sign for _, _, price in read if price) / len(read)
        points = 3.0 * signed + (2.0 if PRICE_HINT.search(own) else 1.2 if hinted else 0.0)
        if not hinted and signed < 0.5:
            continue  # a bare number without a word for price is a count, an age or a size
        points -= 3.0 if any(slot.struck for _, slot, _ in read) else 0.0
        points -= 2.5 if OLD_HINT.search(own) else 1.0 if OLD_HINT.search(first.hints) else 0.0
        points -= 2.0 if first.elsewhere else 0.0
        points -= 0.8 if first.kind == "input" else 0.0
        points += 0.8 * (len(found) / len(layouts)) + (0.6 if len({p.amount for _, _, p in read if p}) > 1 else 0.0)
        distance = [slot.order - orders[number] for number, slot, _ in read if number in orders]
        if distance:
            typical = sorted(distance)[len(distance) // 2]
            points += 1.0 / (1 + abs(typical) / 12) - (0.4 if typical < 0 else 0.0)
        points -= 0.02 * (sum(len(slot.value) for _, slot, _ in read) / len(read))
        if points >= PRICE_POINTS:
            why = " with a currency" if signed >= 0.5 else ""
            ranked.append(Ranked(place, points, f"a number{why} {'named a price' if hinted else 'near the name'}"))
    ranked.sort(key=lambda one: -one.points)
    return ranked[:_KEPT]


def _price_at(slot: Slot) -> Price | None:
    if len(slot.value) > 60:
        return None
    label = PRICE_LABEL.match(slot.value)
    price = read_price(slot.value[label.end() :] if label else slot.value)
    if price is not None and not price.has_sign and slot.around != slot.value and 0 < len(slot.around) <= 40:
        beside = read_price(slot.around)  # <div><span>12</span> EUR</div>
        if beside is not None and beside.has_sign and beside.amount == price.amount:
            return beside
    return price


def _images(
    layouts: Sequence[Layout], places: Mapping[str, list[tuple[int, Slot]]], orders: Mapping[int, int],
    names: Mapping[int, str],
) -> tuple[list[Ranked], frozenset[str]]:  # fmt: skip
    ranked = []
    for place, found in places.items():
        first = found[0][1]
        if first.kind != "image" or first.elsewhere or len(found) < 0.3 * len(layouts):
            continue
        values = [slot.value for _, slot in found]
        different = len(set(values)) / len(values)
        if len(set(values)) < 2 or different < 0.3 or values[0].lower().endswith(".svg"):
            continue
        points = 2.0 * different + 1.5 * len(found) / len(layouts)
        points += 2.0 * sum(_agrees(names.get(number, ""), slot.alt) for number, slot in found) / len(found)
        points += (
            2.0
            * sum(layouts[number].og.get("og:image", "").endswith(slot.value) for number, slot in found)
            / len(found)
        )
        distance = [abs(slot.order - orders[number]) for number, slot in found if number in orders]
        points += 1.0 / (1 + (sum(distance) / len(distance) if distance else 99) / 20) + 0.4 / (1 + first.order / 30)
        points += 0.4 if re.search("product|gallery|main|detail|carousel|item|cover|hero", first.hints) else 0.0
        points -= 1.0 if re.search("thumb(?!nail-main)|avatar|icon|user|author", first.hints) else 0.0
        ranked.append(Ranked(place, points, "the picture that differs from page to page"))
    ranked.sort(key=lambda one: -one.points)
    kept = ranked[:_KEPT]
    hosts: Counter[str] = Counter()
    for one in kept[:1]:
        hosts.update(slot.value.split("/")[2].lower() for _, slot in places[one.place] if slot.value.startswith("http"))
    return kept, frozenset(host for host, n in hosts.items() if n >= max(FEWEST, 0.5 * len(layouts)))


def _image_at(slot: Slot, hosts: frozenset[str]) -> str | None:
    if slot.value.startswith("http") and slot.value.split("/")[2].lower() not in hosts:
        return None
    return slot.value or None


def _categories(
    layouts: Sequence[Layout], places: Mapping[str, list[tuple[int, Slot]]], orders: Mapping[int, int],
    names: Mapping[int, str],
) -> list[Ranked]:  # fmt: skip
    """A place whose few values are shared by several pages, and which is called a category or leads to a list."""
    ranked = []
    for place, found in places.items():
        first = found[0][1]
        if first.kind != "text" or first.elsewhere or len(found) < 0.6 * len(layouts):
            continue
        values = [slot.value for _, slot in found]
        distinct = len(set(values))
        if max(map(len, values)) > 60 or not all(_WORD.search(value) for value in values):
            continue
        if any(value == names.get(number) for number, value in zip((n for n, _ in found), values, strict=True)):
            continue
        own = first.hints.rsplit(" / ", 1)[-1]
        labelled = all(CATEGORY_LABEL.match(value) for value in values) or (
            bool(first.around) and all(CATEGORY_LABEL.match(slot.around) for _, slot in found)
        )
        hinted = CATEGORY_HINT.search(own) is not None
        linked = sum(bool(slot.href and slot.href != layouts[n].path) for n, slot in found) / len(found) >= 0.8
        targets = {slot.href for _, slot in found}
        consistent = linked and len(targets) == distinct
        points = 2.5 * labelled + 2.0 * hinted + 1.5 * consistent
        points += (
            0.5 if 1 < distinct <= 0.7 * len(values) else -0.5 if distinct == len(values) and not labelled else 0.0
        )
        if points >= 2.0 and (distinct > 1 or labelled or hinted):
            why = "labelled so" if labelled else "named so" if hinted else "a link to a list"
            ranked.append(Ranked(place, points, why))
    ranked.sort(key=lambda one: -one.points)
    return ranked[:_KEPT]


def _stocks(places: Mapping[str, list[tuple[int, Slot]]], pages: int) -> list[Ranked]:
    """Places where some page says that there is nothing left, or all say what there is."""
    ranked = []
    for place, found in places.items():
        first = found[0][1]
        if first.kind != "text" or first.elsewhere:
            continue
        short = [slot for _, slot in found if len(slot.value) <= 60]
        out = sum(OUT_OF_STOCK.search(slot.value) is not None for slot in short)
        says = sum(IN_STOCK.search(slot.value) is not None for slot in short)
        if out == len(found) == pages and pages > FEWEST:
            continue  # a sentence of every page
        if out or (says and STOCK_HINT.search(first.hints)):
            ranked.append(Ranked(place, float(out + says), "what is said of stock"))
    ranked.sort(key=lambda one: -one.points)
    return ranked[:8]


def _stock(layout: Layout, places: set[str], by_place: Mapping[str, Slot]) -> tuple[str, str] | None:
    said = [by_place[place].value for place in places if place in by_place and len(by_place[place].value) <= 60]
    if any(OUT_OF_STOCK.search(text) for text in [*said, *layout.disabled_buttons]):
        return "out_of_stock", "what is said of stock"
    if any(IN_STOCK.search(text) for text in [*said, *layout.buttons]):
        return "in_stock", "a button or what is said of stock"
    return None


def _first(ranked: Sequence[Ranked], by_place: Mapping[str, Slot], read: Any) -> tuple[Any, str] | None:
    """The value at the best place that has one, and why it is believed."""
    for one in ranked:
        slot = by_place.get(one.place)
        if slot is not None and (value := read(slot)) is not None and value != "":
            return value, f"{one.why} ({one.points:.1f} points)"
    return None
