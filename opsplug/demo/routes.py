"""All addresses of the shop. Both frameworks register this one list."""

from __future__ import annotations

from opsplug.demo import account, buying, pages
from opsplug.demo.http import Route

ROUTES = [
    Route("GET", "/", "home", pages.home),
    Route("GET", "/category/<slug>", "category", pages.category),
    Route("GET", "/search", "search", pages.search),
    Route("GET", "/product/<item_id>", "product", pages.product),
    Route("GET", "/tile/<item_id>.svg", "drawing", pages.drawing),
    Route("GET", "/help", "help", pages.help_page),
    Route("GET", "/cart", "cart", buying.show_cart),
    Route("POST", "/cart/add", "add_to_cart", buying.add_to_cart),
    Route("POST", "/cart/change", "change_cart", buying.change_cart),
    Route("GET", "/checkout/address", "address", buying.ask_address),
    Route("POST", "/checkout/address", "take_address", buying.take_address),
    Route("GET", "/checkout/delivery", "delivery", buying.ask_delivery),
    Route("POST", "/checkout/delivery", "take_delivery", buying.take_delivery),
    Route("GET", "/checkout/payment", "payment", buying.ask_payment),
    Route("POST", "/checkout/payment", "take_payment", buying.take_payment),
    Route("GET", "/order/<number>", "order", buying.show_order),
    Route("GET", "/account", "account", account.show_account),
    Route("GET", "/login", "login", account.ask_login),
    Route("POST", "/login", "log_in", account.log_in),
    Route("POST", "/logout", "log_out", account.log_out),
]
BY_NAME = {route.name: route for route in ROUTES}


def address(root: str, name: str, **values: object) -> str:
    """Where a route is, for a shop that is mounted at `root`."""
    return BY_NAME[name].address(root, **values)
