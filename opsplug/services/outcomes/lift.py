"""What recommendations change: visitors who got lists of their own against the holdout, who got popular items there.

Who belongs where is read from the first list of their own that a visitor saw, for its id tells: so everybody counts on
the side that they were really on, and from then on. Until then a visitor may have seen lists that were made for
everybody; from then on those are replaced for the holdout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from opsplug.features.recommendation_id import UNTRAINED, read_id
from opsplug.services.outcomes.orders import Order, read_orders
from opsplug.services.recommend.holdout import Lift, lift

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

KIND, KEY = "experiment", "holdout"  # the document that says since when the groups are what they are


@dataclass(frozen=True, slots=True)
class PlacementLift:
    """What lists of one placement (or "" for all of them) changed; `revenue` in the currency that most was paid in."""

    placement: str
    buyers: Lift
    revenue: Lift
    currency: str


@dataclass(frozen=True, slots=True)
class _First:
    """A visitor's first list: when, and on which side."""

    at_ms: int
    held: bool


def groups_since(store: Store, *, share: float, seed: int, now: float) -> float:
    """Epoch seconds since which the same visitors are held out; 0 where that never changed. Notes a change."""
    known = store.get_document(KIND, KEY)
    if known is not None and (known["share"], known["seed"]) == (share, seed):
        return float(known["since"])
    since = 0.0 if known is None else now
    store.put_document(KIND, KEY, {"share": share, "seed": seed, "since": since}, round(now * 1000))
    return since


def measure_lifts(store: Store, *, share: float, since_ms: int, until_ms: int) -> list[PlacementLift]:
    """The first row is about all placements together. `share` is the planned share of the holdout.

    A visitor counts from the first list on; whoever buys later is a buyer, and what is left of the money after refunds
    and cancellations is the revenue.
    """
    first: dict[str, dict[str, _First]] = defaultdict(dict)  # placement -> visitor
    for batch in store.read_events(since_ms=since_ms, until_ms=until_ms, names=("view_item_list",)):
        for _, event in batch:
            made = read_id(event.properties.get("recommendation_id"))
            if event.visitor and made is not None and made.model != UNTRAINED:
                if made.known:
                    first[""].setdefault(event.visitor, _First(event.timestamp, made.holdout))
                entered = first[""].get(event.visitor)
                if entered is not None:
                    first[made.placement].setdefault(event.visitor, _First(event.timestamp, entered.held))
    orders = [order for order in read_orders(store, since_ms, until_ms) if order.total > 0]
    paid: defaultdict[str, float] = defaultdict(float)
    for order in orders:
        paid[order.currency] += order.total
    currency = max(paid, key=lambda name: paid[name], default="")
    by_visitor = _orders_of(store, orders, first.get("", {}))
    return [
        _lift_of(placement, visitors, by_visitor, currency, share)
        for placement, visitors in sorted(first.items())
        if visitors
    ]


def _orders_of(store: Store, orders: Iterable[Order], first: Mapping[str, _First]) -> Mapping[str, list[Order]]:
    """Orders by the visitor who saw lists. One that was reported for a user only, or from another device, goes to the
    last of the user's visitors who had seen a list by then."""
    found: defaultdict[str, list[Order]] = defaultdict(list)
    linked: dict[str, list[str]] = {}
    for order in orders:
        visitor: str | None = order.visitor
        if visitor not in first and order.known:
            if order.owner not in linked:
                linked[order.owner] = [one for one in store.visitors_of(order.owner) if one in first]
            before = [one for one in linked[order.owner] if first[one].at_ms <= order.at_ms]
            visitor = max(before, key=lambda one: first[one].at_ms, default=None)
        if visitor is not None:
            found[visitor].append(order)
    return found


def _lift_of(
    placement: str, first: Mapping[str, _First], orders: Mapping[str, list[Order]], currency: str, share: float
) -> PlacementLift:
    money = np.zeros(len(first))
    bought = np.zeros(len(first))
    held = np.array([one.held for one in first.values()], bool)
    for place, (visitor, begin) in enumerate(first.items()):
        later = [order for order in orders.get(visitor, ()) if order.at_ms >= begin.at_ms]
        bought[place] = bool(later)
        money[place] = sum(order.total for order in later if order.currency == currency)
    return PlacementLift(
        placement,
        lift(bought[~held], bought[held], share=share),
        lift(money[~held], money[held], share=share),
        currency,
    )
