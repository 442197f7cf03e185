"""Whose events are whose: one person may have an account and several devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from opsplug.capture.visit import current_visit
from opsplug.events import TASTE, Event
from opsplug.features.shoplog import ShopLog, shop_log

if TYPE_CHECKING:
    from opsplug.privacy.keys import Keys
    from opsplug.store.protocol import Store

EVENTS: Final = 1000  # newest events of a visitor that are read
TIMEOUT: Final = 0.25  # seconds
READ: Final = (*TASTE, "page_view", "order_cancelled", "search", "view_search_results")


class People:
    """Finds a person by the shop's user id, an anonymous id or a pseudonym."""

    def __init__(self, store: Callable[[], Store], keys: Callable[[], Keys]) -> None:
        self._store = store
        self._keys = keys

    def pseudonym(self, user_id: str) -> str:
        return self._keys().pseudonym(user_id)

    def key_of(self, text: str) -> str:
        """A key with events stays, all else becomes a pseudonym."""
        store = self._store()
        known = store.history([text], limit=1, names=READ, timeout=TIMEOUT) or len(store.visitors_of(text)) > 1
        return text if known else self.pseudonym(text)

    def read(self, visitor: str | int | None) -> tuple[str, list[Event]]:
        """The person's key here and their events, from all their devices; None is who is looking in this request."""
        store = self._store()
        name, keys = self._looking(store) if visitor is None else self._named(store, str(visitor))
        keys = list(dict.fromkeys(keys))
        events = store.history(keys, limit=EVENTS, names=READ, timeout=TIMEOUT) if keys else []
        owner = next((event.user_id for event in events[::-1] if event.user_id and event.user_id not in keys), None)
        if owner is not None:
            keys = list(dict.fromkeys([*keys, *store.visitors_of(owner)]))
            events = store.history(keys, limit=EVENTS, names=READ, timeout=TIMEOUT)
            name = owner
        return name, events

    def _looking(self, store: Store) -> tuple[str, list[str]]:
        visit = current_visit()
        if visit is None:
            return "", []
        user, anonymous = visit.user, visit.identity.anonymous_id
        keys = [*(store.visitors_of(user) if user else []), *([anonymous] if anonymous else [])]
        return user or anonymous or "", keys

    def _named(self, store: Store, text: str) -> tuple[str, list[str]]:
        user = self.pseudonym(text)
        known, own = store.visitors_of(user), store.visitors_of(text)
        account = len(known) > 1 or store.history([user], limit=1, names=READ, timeout=TIMEOUT)
        return user if account else text, [*known, *own]


def one_person(events: Sequence[Event]) -> ShopLog:
    """The log of a single visitor: all events are theirs, under whichever id."""
    found = shop_log(events)
    found.visitors[:] = 0
    account = np.array([any(event.user_id for event in events)])
    return replace(found, visitor_ids=["visitor"], accounts=account)
