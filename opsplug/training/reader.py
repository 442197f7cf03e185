"""Events of the store as arrays, read in batches: what is held is the arrays and the texts of ids, never the events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from opsplug.events import TASTE, VISITOR, Event
from opsplug.features.cleaning import REPORTING, SILENT_PACE_MS, SILENT_PAGES, Cleaner
from opsplug.features.identity_and_refunds import Ledger
from opsplug.features.interactions import Interactions, interactions
from opsplug.store import queries

if TYPE_CHECKING:
    from opsplug.features.interactions import Row
    from opsplug.store.protocol import Store

NAMES = (*TASTE, "remove_from_wishlist", "rate_item", "order_cancelled")
BATCH = 5000


def read_interactions(
    store: Store, *, until: float | None = None, progress: Callable[[int], object] | None = None
) -> Interactions:
    """All taste events of real visitors up to `until` (epoch seconds), sorted by time and cleaned (docs/cleaning.md).

    One person is one user: the anonymous ids of a logged-in user become theirs. Guests count by session, else by order.
    Cancelled orders and full refunds are left out, partial refunds stay as negative rows.
    """
    reader = _Reader(until)
    return reader.cleaned(interactions(reader.rows(store, progress)))


class _Reader:
    def __init__(self, until: float | None) -> None:
        self._until_ms = None if until is None else round(until * 1000)
        self._ledger = Ledger()
        self._orders: dict[str, int] = {}  # transaction -> its code in `baskets`

    def rows(self, store: Store, progress: Callable[[int], object] | None) -> Iterator[Row]:
        count = 0
        cleaner = Cleaner({record["item_id"]: record for record in store.items()}, programs=programs_in(store))
        for batch in store.read_events(names=NAMES, audience=VISITOR, batch=BATCH):
            for event in cleaner.clean(event for _, event in batch):
                if self._until_ms is None or event.timestamp <= self._until_ms:
                    yield from self._event(event)
            count += len(batch)
            if progress is not None:
                progress(count)

    def _event(self, event: Event) -> Iterator[Row]:
        name, order = event.event, event.properties.get("transaction_id")
        if self._ledger.tells(event) or (name == "rate_item" and _disliked(event)):
            return
        basket = str(order) if order and name == "purchase" else None
        who = event.user_id or event.anonymous_id or event.session_id or (f"order {order}" if order else None)
        if who is not None:
            if basket is not None and event.items:
                self._orders.setdefault(basket, len(self._orders))
            at = event.timestamp / 1000
            for item in event.items:
                yield who, item.item_id, at, name, basket

    def cleaned(self, log: Interactions) -> Interactions:
        """Give anonymous rows to their users, and drop the rows of orders that were taken back."""
        people = self._ledger.people({user: code for code, user in enumerate(log.user_ids)})
        kept = log.take(np.flatnonzero(~np.isin(log.baskets, self._ledger.void(self._orders))))
        return replace(kept, users=people[kept.users])


def programs_in(store: Store) -> set[str]:
    """Visitors who load page after page and never run the snippet, where others do: the no-JavaScript cross-check."""
    if store.rows(queries.REPORTING_VISITORS, {}, timeout=60.0)[0][0] < REPORTING:
        return set()
    asked = {"pages": SILENT_PAGES, "pace_ms": SILENT_PACE_MS}
    return {row[0] for row in store.rows(queries.SILENT_VISITORS, asked, timeout=60.0)}


def _disliked(event: Event) -> bool:
    rating, best = event.properties.get("rating"), event.properties.get("rating_max", 5)
    return isinstance(rating, int | float) and isinstance(best, int | float) and rating < 0.5 * best
