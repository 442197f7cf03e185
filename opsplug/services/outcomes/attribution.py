"""What recommendations brought: shown, clicked, put into carts and bought, by placement and model, as the events tell.

A bought item is credited to the last click on it within seven days before (last touch). Where there was no click, but
the item was shown within a day before, the order counts as view-through, apart from the rest. Refunds and cancellations
take credit back, an order counts once however often it was reported, and currencies are never added up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opsplug.events import Event
from opsplug.features.recommendation_id import read_id
from opsplug.services.outcomes.orders import Order, read_orders
from opsplug.units import DAY_MS

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

CLICK_WINDOW_MS = 7 * DAY_MS
VIEW_WINDOW_MS = DAY_MS
TOUCHES = ("view_item_list", "select_item", "add_to_cart")
LIST_PREFIX = "opsplug:"

Key = tuple[str, str]  # placement, model


@dataclass(slots=True)
class PlacementReport:
    """One row: how often lists of a placement and model were shown, and what came of it. `revenue` is by currency."""

    placement: str
    model: str
    impressions: int = 0
    items_shown: int = 0
    clicks: int = 0
    carts: int = 0
    purchases: int = 0
    revenue: dict[str, float] = field(default_factory=dict)
    view_through: int = 0
    view_through_revenue: dict[str, float] = field(default_factory=dict)


def attribute(store: Store, *, since_ms: int, until_ms: int) -> list[PlacementReport]:
    """Reports of everything that happened from `since_ms` up to `until_ms`, the most shown first."""
    orders = read_orders(store, since_ms, until_ms)
    ledger = _Ledger(since_ms, {(order.owner, item) for order in orders for item in order.lines}, owners(store, orders))
    for batch in store.read_events(since_ms=since_ms - CLICK_WINDOW_MS, until_ms=until_ms, names=TOUCHES):
        for _, event in batch:
            ledger.touch(event)
    for order in orders:
        ledger.credit(order)
    return sorted(ledger.reports.values(), key=lambda row: (-row.impressions, row.placement, row.model))


def owners(store: Store, orders: list[Order]) -> dict[str, str]:
    """Anonymous id -> the buyer it belongs to, for the buyers of these orders."""
    users = {order.owner for order in orders if order.known}
    return {visitor: user for user in users for visitor in store.visitors_of(user)}


class _Ledger:
    """Counts touches as they are read, remembers those of items that were bought, and gives credit."""

    def __init__(self, since_ms: int, bought: set[tuple[str, str]], owner: dict[str, str]) -> None:
        self.reports: dict[Key, PlacementReport] = {}
        self._since_ms = since_ms
        self._bought = bought
        self._owner = owner
        self._clicked: dict[tuple[str, str], tuple[int, Key]] = {}  # the last click, for carts
        self._clicks: defaultdict[tuple[str, str], list[tuple[int, Key]]] = defaultdict(list)
        self._views: defaultdict[tuple[str, str], list[tuple[int, Key]]] = defaultdict(list)
        self._foreign: dict[str, Key] = {}  # ids that are not ours, by what was shown with them

    def touch(self, event: Event) -> None:
        visitor = event.user_id or self._owner.get(event.anonymous_id or "", event.anonymous_id) or ""
        counted = event.timestamp >= self._since_ms
        keys: dict[str, Key] = {}
        for item, key in self._links(event):
            keys[item] = key
            place = (visitor, item)
            if event.event == "select_item":
                self._clicked[place] = (event.timestamp, key)
            if place in self._bought:
                (self._views if event.event == "view_item_list" else self._clicks)[place].append((event.timestamp, key))
        if event.event == "add_to_cart":
            for item in {item.item_id for item in event.items} - keys.keys():
                at, key = self._clicked.get((visitor, item), (-CLICK_WINDOW_MS, ("", "")))
                if 0 <= event.timestamp - at <= CLICK_WINDOW_MS:
                    keys[item] = key
        if counted:
            self._count(event, keys)

    def credit(self, order: Order) -> None:
        """Each line to its last click, else to its last view; an order counts once in a row."""
        paid: defaultdict[tuple[str, Key], float] = defaultdict(float)
        for item, line in order.lines.items():
            place = (order.owner, item)
            key = self._key(line.recommendation_id, "") if line.recommendation_id else None
            kind = "click"
            if key is None:
                key = _last(self._clicks.get(place, []), order.at_ms, CLICK_WINDOW_MS)
            if key is None:
                kind, key = "view", _last(self._views.get(place, []), order.at_ms, VIEW_WINDOW_MS)
            if key is not None and line.net_quantity > 0:
                paid[kind, key] += line.amount
        for (kind, key), amount in paid.items():
            row = self._row(key)
            money = row.revenue if kind == "click" else row.view_through_revenue
            money[order.currency] = money.get(order.currency, 0.0) + amount
            if kind == "click":
                row.purchases += 1
            elif ("click", key) not in paid:
                row.view_through += 1

    def _links(self, event: Event) -> Iterator[tuple[str, Key]]:
        """(item id, key) of the items that name a recommendation."""
        common = event.properties.get("recommendation_id")
        listed = str(event.properties.get("item_list_id") or "")
        keys: dict[tuple[str, str], Key] = {}  # one list has one id, and each id is read once
        for item in event.items:
            found = item.recommendation_id or common
            if found:
                named = (str(found), item.item_list_id or listed)
                if named not in keys:
                    keys[named] = self._key(*named)
                yield item.item_id, keys[named]

    def _key(self, recommendation_id: str, listed: str) -> Key:
        made = read_id(recommendation_id)
        if made is not None:
            return made.placement, "holdout" if made.holdout else made.model
        if listed.startswith(LIST_PREFIX):
            self._foreign[recommendation_id] = (listed.removeprefix(LIST_PREFIX), "")
        return self._foreign.get(recommendation_id, ("", ""))

    def _count(self, event: Event, keys: dict[str, Key]) -> None:
        for key in set(keys.values()):
            row, count = self._row(key), sum(other == key for other in keys.values())
            if event.event == "view_item_list":
                row.impressions += any(item.index in (None, 0) for item in event.items)  # not a list's later part
                row.items_shown += count
            elif event.event == "select_item":
                row.clicks += 1
            else:
                row.carts += 1

    def _row(self, key: Key) -> PlacementReport:
        return self.reports.setdefault(key, PlacementReport(*key))


def _last(touches: list[tuple[int, Key]], at_ms: int, window_ms: int) -> Key | None:
    """The key of the newest touch within the window before `at_ms`."""
    within = [touch for touch in touches if 0 <= at_ms - touch[0] <= window_ms]
    return max(within)[1] if within else None
