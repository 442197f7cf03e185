"""Logging in as one of the demonstration's customers, and their orders."""

from __future__ import annotations

from opsplug.demo.http import Page, Redirect, Request
from opsplug.demo.shop import CUSTOMERS, Shop
from opsplug.demo.visit import customer, not_found, page

ORDERS_SHOWN = 12


def show_account(shop: Shop, request: Request) -> Page | Redirect:
    known = customer(request)
    if not known:
        return Redirect(request.address("login"))
    orders = shop.orders.of_customer(known)
    return page(shop, request, "account.html", orders=orders[:ORDERS_SHOWN], more=len(orders) > ORDERS_SHOWN)


def ask_login(shop: Shop, request: Request) -> Page:
    counts = {each: len(shop.orders.of_customer(each)) for each in CUSTOMERS}
    return page(shop, request, "login.html", customers=CUSTOMERS, counts=counts)


def log_in(shop: Shop, request: Request) -> Page | Redirect:
    chosen = request.form.get("customer", "")
    if chosen not in CUSTOMERS:
        return not_found(shop, request)
    request.session["customer"] = chosen
    shop.engine.track("login", user_id=chosen)
    return Redirect(request.address("account"))


def log_out(shop: Shop, request: Request) -> Redirect:
    """The next one at this browser finds neither the customer nor their cart, address or orders."""
    for known in ("customer", "cart", "address", "delivery", "number", "orders"):
        request.session.pop(known, None)
    return Redirect(request.address("home"))
