"""What every page needs to know of a visit: language, customer and cart."""

from __future__ import annotations

from functools import partial
from typing import Any

from opsplug.demo import texts
from opsplug.demo.http import Page, Request
from opsplug.demo.orders import Cart
from opsplug.demo.shop import CUSTOMERS, Shop


def language(request: Request) -> str:
    """The one that the address asks for, else the one chosen before, else English."""
    asked = request.query.get("lang", "")
    if asked in texts.LANGUAGES:
        request.session["language"] = asked
    return str(request.session.get("language", "en"))


def customer(request: Request) -> str | None:
    known = request.session.get("customer")
    return known if known in CUSTOMERS else None


def cart(request: Request) -> Cart:
    return dict(request.session.get("cart", {}))


def page(shop: Shop, request: Request, template: str, status: int = 200, **context: Any) -> Page:
    """A page with everything that the frame around it shows."""
    chosen = language(request)
    known = customer(request)
    frame = {
        "t": texts.translator(chosen),
        "money": texts.money,
        "date": partial(texts.date, language=chosen),
        "language": chosen,
        "languages": texts.LANGUAGES,
        "here": request.root + request.path,
        "query_values": {name: value for name, value in request.query.items() if name != "lang"},
        "url": request.address,
        "static": f"{request.root}/static/".__add__,
        "categories": shop.catalogue.categories.values(),
        "customer_name": CUSTOMERS[known] if known else "",
        "cart_count": sum(line.quantity for line in shop.lines(cart(request))),
        "weeks": shop.weeks,
    }
    return Page(template, {**frame, **context}, status)


def not_found(shop: Shop, request: Request) -> Page:
    return page(shop, request, "not_found.html", status=404)
