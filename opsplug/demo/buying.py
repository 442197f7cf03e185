"""The pages that buy: cart, the three steps of the checkout, the order."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from opsplug.demo.http import Page, Redirect, Request
from opsplug.demo.orders import (
    DELIVERIES,
    FREE_DELIVERY_FROM,
    MOST_LINES,
    Order,
    delivery_price,
    put,
    set_quantity,
)
from opsplug.demo.shop import CUSTOMERS, CartLine, Shop
from opsplug.demo.visit import cart, customer, not_found, page

SAMPLE_ADDRESS = {
    "name": "Robin Sample",
    "street": "12 Made-up Lane",
    "town": "Nowhere-on-Sea",
    "postcode": "ZZ1 1ZZ",
    "country": "United Kingdom",
}
PAYMENTS = ("card", "invoice")


def show_cart(shop: Shop, request: Request) -> Page:
    goods = shop.goods(cart(request))
    added = shop.catalogue.get(str(request.session.pop("added", "")))
    return page(
        shop,
        request,
        "cart.html",
        lines=shop.lines(cart(request)),
        goods=goods,
        added=added,
        full=bool(request.session.pop("full", False)),
        most=MOST_LINES,
        free_from=FREE_DELIVERY_FROM,
        missing=max(0.0, FREE_DELIVERY_FROM - goods),
    )


def add_to_cart(shop: Shop, request: Request) -> Page | Redirect:
    item = shop.catalogue.get(request.form.get("item_id", ""))
    if not item:
        return not_found(shop, request)
    if item.in_stock:
        before = cart(request)
        request.session["cart"] = put(before, item.item_id, _quantity(request) or 1)
        request.session["added" if item.item_id in request.session["cart"] else "full"] = item.item_id
    return Redirect(request.address("cart"))


def change_cart(shop: Shop, request: Request) -> Redirect:
    item_id = request.form.get("item_id", "")
    if item_id in cart(request):
        request.session["cart"] = set_quantity(cart(request), item_id, _quantity(request))
    return Redirect(request.address("cart"))


def ask_address(shop: Shop, request: Request) -> Page | Redirect:
    return _step(shop, request, 1, values={**SAMPLE_ADDRESS, **request.session.get("address", {})}, missing=())


def take_address(shop: Shop, request: Request) -> Page | Redirect:
    values = {name: request.form.get(name, "").strip()[:80] for name in SAMPLE_ADDRESS}
    missing = tuple(name for name, value in values.items() if not value)
    if missing:
        return _step(shop, request, 1, status=422, values=values, missing=missing)
    request.session["address"] = values
    return Redirect(request.address("delivery"))


def ask_delivery(shop: Shop, request: Request) -> Page | Redirect:
    if "address" not in request.session:
        return Redirect(request.address("address"))
    return _step(shop, request, 2, prices=_delivery_prices(shop, request))


def take_delivery(shop: Shop, request: Request) -> Page | Redirect:
    method = request.form.get("delivery", "")
    if method not in DELIVERIES:
        return _step(shop, request, 2, status=422, prices=_delivery_prices(shop, request), choose=True)
    request.session["delivery"] = method
    return Redirect(request.address("payment"))


def ask_payment(shop: Shop, request: Request) -> Page | Redirect:
    if "delivery" not in request.session:
        return Redirect(request.address("delivery"))
    # The number is given before the button is pressed, so that pressing it twice places one order.
    request.session.setdefault("number", f"TR-{secrets.token_hex(4).upper()}")
    return _step(shop, request, 3, payments=PAYMENTS)


def take_payment(shop: Shop, request: Request) -> Page | Redirect:
    number, delivery = request.session.get("number"), request.session.get("delivery")
    if not number or not delivery or not shop.lines(cart(request)):
        return Redirect(request.address("payment"))
    if request.form.get("payment") not in PAYMENTS:
        return _step(shop, request, 3, status=422, payments=PAYMENTS, choose=True)
    order = shop.buy(number, cart(request), delivery, customer(request), datetime.now(UTC))
    for done in ("cart", "number", "delivery"):
        request.session.pop(done, None)
    request.session["orders"] = [*request.session.get("orders", []), order.number][-10:]
    request.session["thanks"] = order.number
    return Redirect(request.address("order", number=order.number))


def show_order(shop: Shop, request: Request) -> Page:
    """Only to the one who placed it: by the account, or in the visit in which a guest bought."""
    order = shop.orders.get(request.values["number"])
    known = customer(request)
    if not order or not (order.number in request.session.get("orders", []) or (known and order.customer == known)):
        return not_found(shop, request)
    thanks = request.session.pop("thanks", "") == order.number
    return page(shop, request, "order.html", order=order, lines=_order_lines(shop, order), thanks=thanks)


def _step(shop: Shop, request: Request, step: int, status: int = 200, **context: Any) -> Page | Redirect:
    lines = shop.lines(cart(request))
    if not lines:
        return Redirect(request.address("cart"))
    goods = shop.goods(cart(request))
    delivery = request.session.get("delivery", "") if step > 1 else ""
    return page(
        shop,
        request,
        ("checkout_address.html", "checkout_delivery.html", "checkout_payment.html")[step - 1],
        status,
        step=step,
        lines=lines,
        goods=goods,
        delivery=delivery,
        delivery_price=delivery_price(delivery, goods) if delivery else None,
        address=request.session.get("address", {}),
        steps=("address", "delivery", "payment"),
        **{"choose": False, "name_of_customer": CUSTOMERS.get(customer(request) or "", ""), **context},
    )


def _delivery_prices(shop: Shop, request: Request) -> dict[str, float]:
    goods = shop.goods(cart(request))
    return {method: delivery_price(method, goods) for method in DELIVERIES}


def _order_lines(shop: Shop, order: Order) -> list[CartLine]:
    return shop.lines({line.item_id: line.quantity for line in order.lines})


def _quantity(request: Request) -> int:
    text = request.form.get("quantity", "1")
    return int(text) if text.isdecimal() and len(text) < 5 else 0
