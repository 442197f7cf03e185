"""What the shop's own code reports: `Engine.track`."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from msgspec import structs

from opsplug.capture.audience import Kind
from opsplug.capture.conduct import Conduct
from opsplug.capture.counters import Counters
from opsplug.capture.ids import new_event_id
from opsplug.capture.queue import EventQueue
from opsplug.capture.visit import current_visit
from opsplug.events import BOT, DURABLE_EVENTS, STAFF, VISITOR, Item, canonical_name, epoch_ms, make_event, text_id
from opsplug.privacy.free_text import clean_text, has_mail_sign
from opsplug.privacy.keys import Keys

_TYPED = frozenset(("text", "search_term", "comment", "message"))  # what a visitor wrote
# One order is one event, however often its page is reloaded.
ONCE_PER_TRANSACTION = frozenset(("purchase", "order_cancelled"))


class Tracker:
    """Builds events from Python and offers them to the writer. Nothing here waits or touches a disk."""

    def __init__(
        self,
        queue: EventQueue,
        counters: Counters,
        keys: Callable[[], Keys],
        conduct: Conduct,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._conduct = conduct
        self._queue = queue
        self._counters = counters
        self._keys = keys
        self._clock = clock

    def track(
        self,
        name: str,
        *,
        items: Sequence[Mapping[str, Any] | Item] = (),
        value: float | None = None,
        currency: str | None = None,
        transaction_id: str | None = None,
        user_id: str | int | None = None,
        anonymous_id: str | None = None,
        session_id: str | None = None,
        timestamp: datetime | float | None = None,
        event_id: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> str:
        """Report that something happened; returns the event's id.

        `items`: mappings with GA4's keys (`item_id` required, `price` for one unit). `value`: sum of price times
        quantity, without tax and shipping, in `currency` (ISO 4217). `timestamp`: aware datetime or epoch seconds,
        default now. Inside a request visitor and session default to the current visitor's; a visitor who did not
        agree to be recognised stays nameless whatever is passed. Repeating an `event_id`, or a purchase's
        `transaction_id`, changes nothing. Raises `EventError` naming the field that does not fit.
        """
        now_ms = int(self._clock() * 1000)
        given = {"value": value, "currency": currency, "transaction_id": transaction_id}
        merged = {**(properties or {}), **{key: v for key, v in given.items() if v is not None}}
        canonical, _ = canonical_name(name)
        event = make_event(
            name,
            event_id=self._event_id(canonical, event_id, merged.get("transaction_id"), now_ms / 1000),
            now_ms=now_ms,
            timestamp_ms=None if timestamp is None else epoch_ms(timestamp, now_ms),
            items=[without_people(item) for item in items] if isinstance(items, list | tuple) else items,
            properties={key: without_address(key, v) for key, v in merged.items()},
            **self._who(canonical, user_id, anonymous_id, session_id),
        )
        self._counters.add("events")
        if event.event not in DURABLE_EVENTS:
            self._queue.offer(event)
            if self._queue.begin is not None:
                self._queue.begin()
            return event.event_id
        ticket = self._queue.offer_durable(event)
        visit = current_visit()
        if visit is not None:
            visit.tickets = [*visit.tickets, ticket]
        return event.event_id

    @staticmethod
    def _event_id(name: str, event_id: str | None, transaction_id: Any, now: float) -> str:
        if event_id is not None:
            return text_id(event_id, "event_id")
        if transaction_id is not None and name in ONCE_PER_TRANSACTION:
            return f"{name}:{text_id(transaction_id, 'transaction_id')}"
        return new_event_id(now)

    def _who(
        self, name: str, user_id: str | int | None, anonymous_id: str | None, session_id: str | None
    ) -> dict[str, Any]:
        user = None if user_id is None else self._keys().pseudonym(text_id(user_id, "user_id"))
        anonymous = None if anonymous_id is None else text_id(anonymous_id, "anonymous_id")
        session = None if session_id is None else text_id(session_id, "session_id")
        visit = current_visit()
        if visit is None:
            return {"user_id": user, "anonymous_id": anonymous, "session_id": session}
        identity = visit.identity
        audience = STAFF if visit.staff else VISITOR
        if (
            audience == VISITOR
            and name not in DURABLE_EVENTS
            and (visit.kind is Kind.BOT or self._conduct.is_program(visit))
        ):
            audience = BOT  # an order stays an order, whoever gives it
        if identity.anonymous_id is None:
            return {"audience": audience}
        return {
            "audience": audience,
            "user_id": user or visit.user,
            "anonymous_id": anonymous or identity.anonymous_id,
            "session_id": session or identity.session_id,
            "page_view_id": visit.page_view_id,
        }


def without_people(item: Mapping[str, Any] | Item) -> Mapping[str, Any] | Item:
    """A name may be what a customer typed: an engraving, a gift card's receiver. So may a coupon be."""
    if not isinstance(item, Mapping | Item):
        return item
    given = {
        name: getattr(item, name) if isinstance(item, Item) else item.get(name) for name in ("item_name", "coupon")
    }
    kept = {name: _kept(text) for name, text in given.items() if isinstance(text, str) and _kept(text) != text}
    if not kept:
        return item
    return structs.replace(item, **kept) if isinstance(item, Item) else {**item, **kept}


_kept = lru_cache(maxsize=4096)(clean_text)  # names repeat from line to line


def without_address(name: str, value: Any) -> Any:
    """The shop's own numbers stay: an order's number may look like a phone's."""
    return clean_text(value) if isinstance(value, str) and (name in _TYPED or has_mail_sign(value)) else value
