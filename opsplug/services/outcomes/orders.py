"""Orders as they stand now: purchases once each, less what was refunded or cancelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opsplug.events import Event

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

NAMES = ("purchase", "refund", "order_cancelled")


@dataclass(slots=True)
class Line:
    """One item of an order: what is left of its quantity and of the money paid for it."""

    quantity: float
    amount: float
    recommendation_id: str | None = None

    def __post_init__(self) -> None:
        self.net_quantity = self.quantity

    net_quantity: float = field(init=False)

    def give_back(self, quantity: float) -> None:
        """Take `quantity` units and their share of the money away."""
        if self.net_quantity > 0:
            left = max(self.net_quantity - quantity, 0.0)
            self.amount *= left / self.net_quantity
            self.net_quantity = left


@dataclass(slots=True)
class Order:
    """`owner` is the user where one is `known`, else the anonymous visitor; `visitor` is the store's key.

    `value` is what is left of the money the customer paid, delivery included; `total` what is left of its items.
    """

    order_id: str
    at_ms: int
    owner: str
    known: bool
    visitor: str
    currency: str
    lines: dict[str, Line]
    value: float = 0.0
    void: bool = False  # cancelled, or given back whole

    @property
    def total(self) -> float:
        return sum(line.amount for line in self.lines.values())


def read_orders(store: Store, since_ms: int, until_ms: int) -> list[Order]:
    """Orders of visitors that were made from `since_ms` up to `until_ms`; one reported twice counts once."""
    orders: dict[str, Order] = {}
    taken_back: list[Event] = []
    for batch in store.read_events(since_ms=since_ms, until_ms=until_ms, names=NAMES):
        for _, event in batch:
            order_id = str(event.properties.get("transaction_id") or event.event_id)
            if event.event != "purchase":
                taken_back.append(event)
            elif order_id not in orders:
                orders[order_id] = _order(order_id, event)
    for event in taken_back:
        order = orders.get(str(event.properties.get("transaction_id")))
        if order is not None:
            _take_back(order, event)
    return list(orders.values())


def _order(order_id: str, event: Event) -> Order:
    lines: dict[str, Line] = {}
    for item, amount in zip(event.items, _amounts(event), strict=True):
        line = lines.get(item.item_id)
        if line is None:
            lines[item.item_id] = Line(item.quantity, amount, item.recommendation_id)
        else:
            line.quantity, line.net_quantity, line.amount = (
                line.quantity + item.quantity, line.net_quantity + item.quantity, line.amount + amount,
            )  # fmt: skip
    return Order(
        order_id, event.timestamp, event.user_id or event.anonymous_id or "", event.user_id is not None,
        event.visitor or "", str(event.properties.get("currency") or ""), lines, _paid(event, lines),
    )  # fmt: skip


def _paid(event: Event, lines: dict[str, Line]) -> float:
    value = event.properties.get("value")
    return float(value) if isinstance(value, int | float) else sum(line.amount for line in lines.values())


def _amounts(event: Event) -> list[float]:
    """Money of each line; what the order's value leaves over is shared by the lines without a price."""
    priced = [None if item.price is None else item.price * item.quantity for item in event.items]
    open_units = sum(item.quantity for item, money in zip(event.items, priced, strict=True) if money is None)
    rest = float(event.properties.get("value") or 0) - sum(money for money in priced if money is not None)
    unit = max(rest, 0.0) / open_units if open_units else 0.0
    return [item.quantity * unit if money is None else money for item, money in zip(event.items, priced, strict=True)]


def _take_back(order: Order, event: Event) -> None:
    """A cancellation or a refund without items takes the whole order, or the share of its value that it names.

    A refund is money of its order, whatever currency it names, and whatever sign its value has.
    """
    named, total = event.properties.get("value"), order.total
    value = abs(float(named)) if isinstance(named, int | float) and event.event == "refund" else 0.0
    if event.event == "refund" and event.items:
        for item in event.items:
            if item.item_id in order.lines:
                order.lines[item.item_id].give_back(item.quantity)
        order.value -= value or total - order.total
    elif 0 < value < order.value:
        for line in order.lines.values():
            line.give_back(line.net_quantity * min(value / total, 1.0) if total else 0.0)
        order.value -= value
    else:
        for line in order.lines.values():
            line.give_back(line.net_quantity)
        order.value = 0.0
    order.value = max(order.value, 0.0)
    order.void = order.void or (not order.value and not any(line.net_quantity for line in order.lines.values()))
