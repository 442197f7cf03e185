"""What visitors did to items as arrays, one row for each item of an event, with money: what insight is made of."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsplug.events import Event
from opsplug.features.identity_and_refunds import Ledger

VIEW, CART, BUY, RETURN = 0, 1, 2, 3
KINDS: Final = {"view_item": VIEW, "add_to_cart": CART, "purchase": BUY, "refund": RETURN}
NAMES: Final = (*KINDS, "order_cancelled")
GUEST: Final = "order:"  # what an import calls the unknown buyer of one order, who can never come back


@dataclass(frozen=True, slots=True)
class ShopLog:
    """Rows sorted by time. `visitors` (-1: nobody known), `items` and `orders` (-1: none) are codes; `times` epoch
    seconds; `values` money of the line in the shop's main currency, negative for a return, 0 in another currency."""

    visitors: NDArray[np.int32]
    items: NDArray[np.int32]
    orders: NDArray[np.int32]
    kinds: NDArray[np.int8]
    times: NDArray[np.float64]
    quantities: NDArray[np.float64]
    values: NDArray[np.float64]
    visitor_ids: list[str]
    item_ids: list[str]
    accounts: NDArray[np.bool_]  # by visitor code: one who has logged in
    currency: str = ""

    def __len__(self) -> int:
        return len(self.items)

    @property
    def newest(self) -> float:
        """The time of the newest row, 0 for an empty log."""
        return float(self.times[-1]) if len(self.times) else 0.0

    @property
    def oldest(self) -> float:
        return float(self.times[0]) if len(self.times) else 0.0

    def take(self, rows: NDArray[Any]) -> ShopLog:
        """The rows named by a mask or an index array, with the same codes."""
        return replace(
            self, visitors=self.visitors[rows], items=self.items[rows], orders=self.orders[rows],
            kinds=self.kinds[rows], times=self.times[rows], quantities=self.quantities[rows], values=self.values[rows],
        )  # fmt: skip

    def before(self, time: float) -> ShopLog:
        """What was known at `time`: rows strictly older than it."""
        return self.take(np.arange(int(np.searchsorted(self.times, time, "left"))))

    def between(self, start: float, end: float) -> ShopLog:
        return self.take(np.arange(*np.searchsorted(self.times, (start, end), "left")))

    def of_kind(self, *kinds: int) -> ShopLog:
        return self.take(np.flatnonzero(np.isin(self.kinds, kinds)))


class LogBuilder:
    """Takes cleaned events in any order, then `log()`. One person is one visitor: the anonymous ids of a logged-in
    user become theirs. Orders that were cancelled or taken back whole are left out."""

    def __init__(self) -> None:
        self._visitors: dict[str, int] = {}
        self._items: dict[str, int] = {}
        self._orders: dict[str, int] = {}
        self._currencies: dict[str, int] = {}
        self._accounts: set[int] = set()
        self._ledger = Ledger()
        self._columns = (array("i"), array("i"), array("i"), array("b"), array("d"), array("d"), array("d"), array("b"))

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            self._add(event)

    def _add(self, event: Event) -> None:
        name, order = event.event, event.properties.get("transaction_id")
        kind = KINDS.get(name)
        if self._ledger.tells(event) or kind is None or not event.items:
            return
        who = event.user_id or event.anonymous_id
        if who is not None and who.startswith(GUEST):
            who = None
        visitor = -1 if who is None else _code(self._visitors, who)
        if event.user_id:
            self._accounts.add(visitor)
        group = -1
        if kind in (BUY, RETURN):
            group = _code(self._orders, str(order) if order and kind == BUY else event.event_id)
        currency = _code(self._currencies, str(event.properties.get("currency") or "")) if group >= 0 else 0
        sign = -1.0 if kind == RETURN else 1.0
        visitors, items, orders, kinds, times, quantities, values, currencies = self._columns
        for item in event.items:
            visitors.append(visitor)
            items.append(_code(self._items, item.item_id))
            orders.append(group)
            kinds.append(kind)
            times.append(event.timestamp / 1000)
            quantities.append(item.quantity)
            values.append(sign * (item.price or 0.0) * item.quantity if group >= 0 else 0.0)
            currencies.append(min(currency, 100))

    def log(self, until: float | None = None) -> ShopLog:
        """All that was added, up to `until` (epoch seconds)."""
        visitors, items, orders = (np.array(column, np.int32) for column in self._columns[:3])
        kinds = np.array(self._columns[3], np.int8)
        times, quantities, values = (np.array(column, np.float64) for column in self._columns[4:7])
        currencies = np.array(self._columns[7], np.int8)
        people = np.append(self._ledger.people(self._visitors), np.int32(-1))  # nobody stays nobody
        good = ~np.isin(orders, self._ledger.void(self._orders)) & np.isfinite(times) & np.isfinite(quantities * values)
        if until is not None:
            good &= times <= until
        rows = np.flatnonzero(good)
        rows = rows[np.argsort(times[rows], kind="stable")]
        money = (kinds == BUY) & (values != 0)
        main = int(np.bincount(currencies[money]).argmax()) if money.any() else 0
        values = np.where(currencies == main, values, 0.0)
        names = list(self._currencies)
        accounts = np.zeros(len(self._visitors), bool)
        accounts[list(self._accounts)] = True
        return ShopLog(
            people[visitors[rows]], items[rows], orders[rows], kinds[rows], times[rows],
            quantities[rows], values[rows], list(self._visitors), list(self._items), accounts,
            names[main] if main < len(names) else "",
        )  # fmt: skip


def shop_log(events: Iterable[Event], until: float | None = None) -> ShopLog:
    """The whole of a short log at once."""
    builder = LogBuilder()
    builder.add(events)
    return builder.log(until)


def _code(known: dict[str, int], text: str) -> int:
    return known.setdefault(text, len(known))
