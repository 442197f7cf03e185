"""The shop itself, without a framework: what is on sale, who the demonstration's customers are, and buying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from opsplug.demo.catalogue import Catalogue, Item
from opsplug.demo.orders import Cart, Line, Order, OrderBook, delivery_price
from opsplug.demo.texts import money

if TYPE_CHECKING:
    from opsplug import Engine

CURRENCY = "GBP"

# Four customers of the data who still bought in its last weeks, each with a taste of their own. The names are made up.
CUSTOMERS = {
    "14282": "Nora Whitfield",
    "14466": "Samir Haddad",
    "17402": "Lin Xiaoyu",
    "14397": "Peter Olsen",
}


@dataclass(frozen=True)
class CartLine:
    item: Item
    quantity: int

    @property
    def total(self) -> float:
        return round(self.item.price * self.quantity, 2)


@dataclass(frozen=True)
class Shop:
    """`weeks` says by how many whole weeks the order history was moved."""

    catalogue: Catalogue
    orders: OrderBook
    engine: Engine
    weeks: int = 0

    def lines(self, cart: Mapping[str, int]) -> list[CartLine]:
        """The cart with its items; what is no longer on sale is left out."""
        found = ((self.catalogue.get(item_id), quantity) for item_id, quantity in cart.items())
        return [CartLine(item, quantity) for item, quantity in found if item]

    def goods(self, cart: Mapping[str, int]) -> float:
        return round(sum(line.total for line in self.lines(cart)), 2)

    def buy(self, number: str, cart: Cart, delivery: str, customer: str | None, at: datetime) -> Order:
        """Writes the order down and tells opsplug, once for each order number."""
        lines = tuple(Line(line.item.item_id, line.quantity, line.item.price) for line in self.lines(cart))
        order = Order(number, at, customer, lines, delivery_price(delivery, self.goods(cart)))
        if self.orders.add(order):
            self.engine.track("purchase", user_id=customer, **purchase(order))
        return order

    def order_state(self, number: str, customer: str) -> str | None:
        """What the chat says of a customer's own order, the same words in every language; None of anybody else's."""
        order = self.orders.get(number)
        return f"{order.at:%Y-%m-%d}, {money(order.total)}" if order and order.customer == customer else None


def purchase(order: Order) -> dict[str, Any]:
    """What engine.track wants to know of a purchase; its transaction_id makes repeats harmless."""
    return {
        "items": [{"item_id": line.item_id, "price": line.price, "quantity": line.quantity} for line in order.lines],
        "value": order.goods,
        "currency": CURRENCY,
        "transaction_id": order.number,
    }


def catalogue_records(catalogue: Catalogue) -> list[dict[str, Any]]:
    """The items as engine.catalog.upsert takes them."""
    return [
        {
            "item_id": item.item_id,
            "item_name": item.name,
            "item_category": item.category.en,
            "price": item.price,
            "currency": CURRENCY,
            "availability": "in_stock" if item.in_stock else "out_of_stock",
            "url": f"/product/{item.item_id}",
            "image_url": f"/tile/{item.item_id}.svg",
        }
        for item in catalogue.items
    ]
