"""Current cart of a visitor and its value, for the chat and the agents."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opsplug.capture.callables import Callables
from opsplug.capture.visit import current_visit
from opsplug.errors import StoreError

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters
    from opsplug.settings import Settings
    from opsplug.store.protocol import Store

_NAMES = ("add_to_cart", "remove_from_cart", "purchase")
_EVENTS = 200  # newest cart events that are read
_TIMEOUT = 0.02  # seconds for the read


@dataclass(frozen=True)
class Cart:
    """`items` are (item id, quantity); `value` is at today's prices, in the shop's `currency`."""

    items: tuple[tuple[str, float], ...] = ()
    value: float = 0.0
    currency: str = ""


class Carts:
    """Reads carts from the setting `cart` where the visitor's own request is at hand, else from the cart events."""

    def __init__(
        self,
        store: Store,
        records: Callable[[], Mapping[str, Mapping[str, Any]]],
        counters: Counters,
        callables: Callables,
        settings: Settings,
    ) -> None:
        self._store = store
        self._records = records
        self._counters = counters
        self._callables = callables
        self._settings = settings

    def of(self, anonymous_id: str | None, user: str | None) -> Cart:
        """The cart of a visitor; `user` is the pseudonym. An empty one where nothing is known."""
        quantities = self._told(anonymous_id) or self._seen(anonymous_id, user)
        if not quantities:
            return Cart(currency=self._settings.currency)
        prices = self._prices(list(quantities))
        value = sum(count * prices.get(item_id, 0.0) for item_id, count in quantities.items())
        return Cart(tuple(quantities.items()), round(value, 2), self._currency(quantities))

    def _told(self, anonymous_id: str | None) -> dict[str, float]:
        visit = current_visit()
        if visit is None or visit.identity.anonymous_id != anonymous_id:
            return {}
        quantities: dict[str, float] = {}
        for item_id in self._callables.cart_of(visit):
            quantities[item_id] = quantities.get(item_id, 0.0) + 1.0
        return quantities

    def _seen(self, anonymous_id: str | None, user: str | None) -> dict[str, float]:
        keys: list[str] = []
        quantities: dict[str, float] = {}
        try:
            keys = list(self._store.visitors_of(user)) if user else []
            keys += [anonymous_id] if anonymous_id and anonymous_id not in keys else []
            events = self._store.history(keys, limit=_EVENTS, names=_NAMES, timeout=_TIMEOUT) if keys else []
        except StoreError:
            self._counters.add("history_timeouts")
            return {}
        for event in events:
            for item in event.items:
                before = quantities.pop(item.item_id, 0.0)
                left = before + item.quantity if event.event == "add_to_cart" else before - item.quantity
                if left > 0 and event.event != "purchase":
                    quantities[item.item_id] = left
        return quantities

    def _prices(self, ids: list[str]) -> dict[str, float]:
        records = self._records()
        prices = {item_id: records.get(item_id, {}).get("price") for item_id in ids}
        prices |= self._callables.prices(ids)
        return {
            item_id: float(price)
            for item_id, price in prices.items()
            if isinstance(price, int | float) and math.isfinite(price)
        }

    def _currency(self, ids: Mapping[str, float]) -> str:
        records = self._records()
        own = {str(records.get(item_id, {}).get("currency") or self._settings.currency) for item_id in ids}
        return own.pop() if len(own) == 1 else self._settings.currency
