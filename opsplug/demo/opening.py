"""Opening the shop in a folder: its secret, its order book, its settings of opsplug."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opsplug.demo.catalogue import Catalogue
from opsplug.demo.history import History
from opsplug.demo.orders import OrderBook
from opsplug.demo.shop import CURRENCY, CUSTOMERS, Shop

if TYPE_CHECKING:
    from opsplug import Engine


def settings(folder: Path, admin_token: str = "") -> dict[str, Any]:
    """What both frameworks' apps tell opsplug; each adds how it finds the customer and the cart in its session."""
    return {
        "store": f"sqlite:///{folder / 'opsplug.db'}",
        "models": str(folder / "models"),
        "consent": "not_required",  # the strip says that clicks stay on this machine
        "events": {"GET /product/<item_id>": "view_item"},
        "item_url": "/product/{item_id}",
        "currency": CURRENCY,
        "timezone": "Europe/London",
        "admin_token": admin_token,
        "holdout": 0.0,  # who tries the demonstration shall see what it does
        "train_every": 0,  # trained once at each start, by opsplug.demo.prepare
    }


def open_shop(folder: Path, engine: Engine) -> Shop:
    """The shop with its catalogue, the past orders of the customers who can log in, and the orders placed before."""
    history = History.open(folder)
    orders = OrderBook(folder / "orders.jsonl", history.orders(set(CUSTOMERS)))
    return Shop(Catalogue.load(), orders, engine, history.weeks)


def session_secret(folder: Path) -> str:
    """A random secret that only this user can read, made once for the folder."""
    path = folder / "session.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    secret = secrets.token_hex(32)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret)
    return secret
