"""What some events of a log say about others: whose device it was, and which orders were taken back whole."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from opsplug.events import Event


class Ledger:
    """Kept while a log is read; every reader of a log agrees by asking it."""

    def __init__(self) -> None:
        self._owner: dict[str, str] = {}  # anonymous id -> user
        self._void: set[str] = set()  # transactions

    def tells(self, event: Event) -> bool:
        """Note what the event says of others. -> whether it does nothing else: it takes an order back whole."""
        if event.anonymous_id and event.user_id:
            self._owner[event.anonymous_id] = event.user_id
        if event.event != "order_cancelled" and (event.event != "refund" or event.items):
            return False
        if order := event.properties.get("transaction_id"):
            self._void.add(str(order))
        return True

    def people(self, visitors: Mapping[str, int]) -> NDArray[np.int32]:
        """Code of a visitor -> code of the person: the devices of a user are that user."""
        table = np.arange(len(visitors), dtype=np.int32)
        for anonymous, user in self._owner.items():
            if anonymous in visitors and user in visitors:
                table[visitors[anonymous]] = visitors[user]
        return table

    def void(self, orders: Mapping[str, int]) -> NDArray[np.int32]:
        """Codes of the orders that were taken back."""
        return np.array([orders[order] for order in self._void if order in orders], np.int32)
