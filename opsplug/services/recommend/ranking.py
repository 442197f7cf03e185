"""What the steps of one recommendation hand to each other: the question, a ranking, and the visitor as known now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Protocol

from opsplug.events import Step
from opsplug.features.interactions import CART, OTHER, PURCHASE, VIEW
from opsplug.units import DAY

Act = tuple[str, float, int]  # item id, epoch seconds, kind

READ_NAMES = (
    "view_item", "select_item", "add_to_wishlist", "add_to_cart", "remove_from_cart", "purchase", "refund",
    "order_cancelled", "item_feedback",
)  # fmt: skip
BOUGHT_NAMES = ("purchase", "refund", "order_cancelled", "item_feedback")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One item that may be shown; `anchor` is the item that the reason speaks of."""

    item_id: str
    score: float
    reason_code: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates, best first, and the rung they stand on."""

    candidates: list[Candidate]
    rung: str


@dataclass(slots=True)
class Visitor:
    """What one visitor did, oldest first, and what follows from it."""

    acts: list[Act] = field(default_factory=list)
    bought: dict[str, float] = field(default_factory=dict)  # item id -> epoch seconds of the newest purchase
    cart: set[str] = field(default_factory=set)
    unwanted: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Question:
    """One list to be made; `excluded` items must not appear in it."""

    placement: str
    item_id: str | None
    acts: Sequence[Act]
    now: float
    excluded: frozenset[str]
    candidates: frozenset[str] | None = None
    repeats: bool = False


class Source(Protocol):
    """Anything that can answer a question: the trained mix, or what an untrained shop has."""

    def rank(self, question: Question, limit: int) -> Ranking:
        """At most `limit` candidates, none of them excluded, outside `candidates`, or not for sale."""
        ...


def visitor_of(steps: Iterable[Step], now: float) -> Visitor:
    """Replay a visitor's steps (any order) up to `now`: history, cart, things bought and things not wanted."""
    visitor = Visitor()
    orders: dict[str, list[str]] = {}
    for step in sorted(steps, key=attrgetter("timestamp")):
        at = step.timestamp / 1000
        if at > now:
            break
        kind = KINDS_BY_NAME.get(step.event)
        if kind is not None:
            visitor.acts += [(item_id, at, kind) for item_id in step.items]
        if kind != VIEW:
            _replay(visitor, step, at, orders)
    return visitor


def _replay(visitor: Visitor, step: Step, at: float, orders: dict[str, list[str]]) -> None:
    """What is more than a look."""
    name, ids = step.event, step.items
    if name == "add_to_cart":
        visitor.cart.update(ids)
    elif name == "remove_from_cart":
        visitor.cart.difference_update(ids)
    elif name == "purchase":
        visitor.cart.difference_update(ids)
        visitor.bought.update(dict.fromkeys(ids, at))
        orders[str(step.properties.get("transaction_id"))] = ids
    elif name in ("refund", "order_cancelled"):
        for item_id in ids or orders.get(str(step.properties.get("transaction_id")), []):
            visitor.bought.pop(item_id, None)
    elif name == "item_feedback":
        if step.properties.get("action") == "undo":
            visitor.unwanted.difference_update(ids)
        else:
            visitor.unwanted.update(ids)


KINDS_BY_NAME: Mapping[str, int] = {
    "view_item": VIEW,
    "select_item": VIEW,
    "add_to_wishlist": OTHER,
    "add_to_cart": CART,
    "purchase": PURCHASE,
}


def rebuyable(bought: Mapping[str, float], days: Mapping[str, float], now: float) -> list[str]:
    """Bought things whose re-buy window (`consumable_days` of the catalogue) is over, the longest overdue last."""
    due = {item_id: (now - at) / (days[item_id] * DAY) for item_id, at in bought.items() if days.get(item_id, 0) > 0}
    return sorted(
        (item_id for item_id, times in due.items() if times >= 1), key=lambda item_id: (due[item_id], item_id)
    )
