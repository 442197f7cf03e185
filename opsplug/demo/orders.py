"""Carts and orders: plain values and the functions on them, and a book that remembers the orders."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

MOST_OF_ONE_ITEM = 99
MOST_LINES = 40  # the cart travels in a signed cookie, which has room for about this many
FREE_DELIVERY_FROM = 50.0
DELIVERIES = {"standard": 3.95, "express": 6.95, "collect": 0.0}

Cart = dict[str, int]


@dataclass(frozen=True, slots=True)
class Line:
    item_id: str
    quantity: int
    price: float

    @property
    def total(self) -> float:
        return round(self.price * self.quantity, 2)


@dataclass(frozen=True, slots=True)
class Order:
    """`at` is an aware datetime, `customer` is None for a guest, `delivery` its price."""

    number: str
    at: datetime
    customer: str | None
    lines: tuple[Line, ...]
    delivery: float = 0.0

    @property
    def goods(self) -> float:
        return round(sum(line.total for line in self.lines), 2)

    @property
    def total(self) -> float:
        return round(self.goods + self.delivery, 2)


def put(cart: Mapping[str, int], item_id: str, quantity: int) -> Cart:
    """The cart with so many more of an item; a full cart stays as it is."""
    if item_id not in cart and len(cart) >= MOST_LINES:
        return dict(cart)
    return set_quantity(cart, item_id, cart.get(item_id, 0) + quantity)


def set_quantity(cart: Mapping[str, int], item_id: str, quantity: int) -> Cart:
    """The cart with exactly so many of an item; none takes it out."""
    changed = dict(cart)
    if quantity < 1:
        changed.pop(item_id, None)
    else:
        changed[item_id] = min(quantity, MOST_OF_ONE_ITEM)
    return changed


def delivery_price(method: str, goods: float) -> float:
    """Standard delivery costs nothing from FREE_DELIVERY_FROM upwards."""
    if method == "standard" and goods >= FREE_DELIVERY_FROM:
        return 0.0
    return DELIVERIES[method]


class OrderBook:
    """Orders by number and by customer; those placed here are appended to a file and survive a restart."""

    def __init__(self, path: Path | None = None, history: Iterable[Order] = ()):
        self._path = path
        self._lock = threading.Lock()
        self._orders: dict[str, Order] = {}
        self._of_customer: dict[str, list[str]] = {}
        for order in history:
            self._remember(order)
        if path and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                self._remember(_from_json(line))

    def add(self, order: Order) -> bool:
        """False when an order of that number is there already: a form sent twice is one order."""
        with self._lock:
            if order.number in self._orders:
                return False
            self._remember(order)
            if self._path:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(_to_json(order) + "\n")
            return True

    def get(self, number: str) -> Order | None:
        return self._orders.get(number)

    def of_customer(self, customer: str) -> list[Order]:
        """Newest first."""
        orders = [self._orders[number] for number in self._of_customer.get(customer, ())]
        return sorted(orders, key=lambda order: order.at, reverse=True)

    def _remember(self, order: Order) -> None:
        self._orders[order.number] = order
        if order.customer:
            self._of_customer.setdefault(order.customer, []).append(order.number)


def _to_json(order: Order) -> str:
    return json.dumps({**asdict(order), "at": order.at.timestamp()})


def _from_json(text: str) -> Order:
    record = json.loads(text)
    lines = tuple(Line(**line) for line in record.pop("lines"))
    return Order(**{**record, "at": datetime.fromtimestamp(record["at"], UTC), "lines": lines})
