"""Where visits end on their way to an order, and which ways through the shop are taken most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from opsplug.features.visits import STEPS, Visit

MIN_VISITS: Final = 5  # visits below which a way is nobody's business
LONGEST_WAY: Final = 5
MOST_WAYS: Final = 15


@dataclass(frozen=True, slots=True)
class Step:
    """`visits` came to this step, having come through those before it."""

    name: str
    visits: int


@dataclass(frozen=True, slots=True)
class Way:
    """`pages` at the beginning of `visits`; `bought` of them ended with an order."""

    pages: tuple[str, ...]
    visits: int
    bought: int


def funnel(visits: Sequence[Visit]) -> list[Step]:
    """The shop's own steps: those of the event language that occur in it, each reached after those before it.

    A step that most orders do without (a shop without a cart page) is not part of the shop's way."""
    reached = Counter(step for visit in visits for step in set(visit.steps))
    orders = [set(visit.steps) for visit in visits if "purchase" in visit.steps]
    own = [
        step
        for step in STEPS
        if reached[step]
        and (not orders or step == "purchase" or sum(step in order for order in orders) >= len(orders) / 2)
    ]
    if not own:
        return []
    counts = Counter(_depth(visit.steps, own) for visit in visits)
    left, found = sum(counts.values()), [Step("visit", len(visits))]
    for depth, name in enumerate(own):
        left -= counts[depth]
        found.append(Step(name, left))
    return found


def _depth(steps: Sequence[str], own: Sequence[str]) -> int:
    """How many of the own steps were taken in their order. A later step taken proves those before it."""
    furthest = 0
    for step in steps:
        if step in own:
            furthest = max(furthest, own.index(step) + 1)
    return furthest


def entries(visits: Sequence[Visit]) -> list[Way]:
    """The first pages of visits and how many of them ended with an order."""
    return _most(visits, 1)


def journeys(visits: Sequence[Visit]) -> list[Way]:
    """The most common beginnings of visits of at least two pages, up to five pages long."""
    return _most([visit for visit in visits if len(visit.routes) > 1], LONGEST_WAY)


def _most(visits: Sequence[Visit], length: int) -> list[Way]:
    seen: Counter[tuple[str, ...]] = Counter()
    bought: Counter[tuple[str, ...]] = Counter()
    for visit in visits:
        way = tuple(visit.routes[:length])
        if way:
            seen[way] += 1
            bought[way] += "purchase" in visit.steps
    frequent = [(way, count) for way, count in seen.most_common(MOST_WAYS) if count >= MIN_VISITS]
    return [Way(way, count, bought[way]) for way, count in frequent]
