"""What the shop's own code reports: `Engine.track`."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Any, Final, NamedTuple

from msgspec import structs

from opsplug.capture.bot_behaviour import BotBehaviour
from opsplug.capture.counters import Counters
from opsplug.capture.guard import Guard
from opsplug.capture.ids import new_event_id
from opsplug.capture.invalid_values import OddValues
from opsplug.capture.queue import EventQueue
from opsplug.capture.traffic_class import TrafficClass
from opsplug.capture.visit import current_visit
from opsplug.capture.visitor_token import VisitorTokens
from opsplug.errors import EventError, QueueFullError
from opsplug.events import (
    BOT,
    DURABLE_EVENTS,
    MAX_ID,
    STAFF,
    VISITOR,
    Event,
    Item,
    canonical_name,
    make_event,
    moment_ms,
    text_id,
)
from opsplug.privacy.free_text import clean_text, has_mail_sign
from opsplug.privacy.keys import Keys
from opsplug.values import identifier, listed, number

_TYPED = frozenset(("text", "search_term", "comment", "message"))  # what a visitor wrote
# One order is one event, however often its page is reloaded.
ONCE_PER_TRANSACTION = frozenset(("purchase", "order_cancelled"))
WAIT_SECONDS: Final = 30.0  # for room in the queue, outside of requests
WAIT_IN_LOOP: Final = 0.25  # an event loop that waits serves nobody
_KEYWORDS: Final = (
    "items", "value", "currency", "transaction_id", "user_id", "anonymous_id", "session_id", "timestamp", "event_id",
    "properties", "visitor_token",
)  # fmt: skip


class _Ids(NamedTuple):
    """Who the caller says it was; `are_signed`: by a token that was made while the visitor was there."""

    user: str | None
    anonymous: str | None
    session: str | None
    are_signed: bool


class Tracker:
    """Builds events from Python and offers them to the writer. Within a request nothing here waits or raises."""

    def __init__(
        self,
        queue: EventQueue,
        counters: Counters,
        keys: Callable[[], Keys],
        bot_behaviour: BotBehaviour,
        guard: Guard,
        *,
        is_enabled: bool = True,
        zone: tzinfo = UTC,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._bot_behaviour = bot_behaviour
        self._queue = queue
        self._counters = counters
        self._keys = keys
        self._guard = guard
        self._odd = OddValues(counters)
        self._is_enabled = is_enabled
        self._zone = zone
        self._tokens = VisitorTokens(keys, clock)
        self._clock = clock

    def track(
        self,
        name: str,
        *,
        items: Iterable[Any] = (),
        value: Any = None,
        currency: Any = None,
        transaction_id: Any = None,
        user_id: Any = None,
        anonymous_id: Any = None,
        session_id: Any = None,
        timestamp: Any = None,
        event_id: Any = None,
        properties: Mapping[str, Any] | None = None,
        visitor_token: Any = None,
    ) -> str:
        """Report that something happened.

        A value that does not fit costs its field, is counted and logged; the event stays.

        Parameters
        ----------
        name : str
            An event of GA4's vocabulary, or its name in Segment's, Shopify's, Algolia's or Recombee's. Others are kept
            as
            `custom` and never train a model.
        items : iterable of mapping or Item
            At most 200, with GA4's keys; `item_id` is required, `price` is for one unit.
        value : number, optional
            Money of the whole: the sum of price times quantity, without tax and shipping, in `currency`. Numbers may be
            Decimal, numpy's or texts.
        currency : str, optional
            ISO 4217, three letters.
        transaction_id : str or int, optional
            The order. A purchase that repeats it changes nothing. Ids may be UUID or whole numbers.
        user_id : str or int, optional
            The shop's own id of the user; stored as a keyed pseudonym. Default inside a request: the logged-in user.
        anonymous_id, session_id : str, optional
            Visitor and session. Default inside a request: the current visitor's, who stays nameless without consent.
        timestamp : datetime or float, optional
            A datetime (a naive one is in the shop's time zone) or epoch seconds. Default: now.
        event_id : str, optional
            Repeating it changes nothing. Default: a new one.
        properties : mapping, optional
            Anything else, as JSON of at most 32 KB.
        visitor_token : str, optional
            What `engine.visitor_token()` gave while the visitor was there: a payment provider's webhook gives the
            purchase back to its visitor by it.

        Returns
        -------
        str
            The event's id.

        Raises
        ------
        QueueFullError
            Outside of a request, a full queue did not empty within 30 seconds. Inside of one nothing waits or raises.
        """
        given = {"value": value, "currency": currency, "transaction_id": transaction_id}
        now = self._clock()
        if not self._is_enabled:
            return new_event_id(now)
        try:
            merged = {**self._mapping(properties), **{key: v for key, v in given.items() if v is not None}}
            ids = self._told(visitor_token, user_id, anonymous_id, session_id)
            event = self._event(name, items, merged, ids, timestamp, event_id, now)
            self._hand_over(event)
        except QueueFullError:
            raise
        except Exception as error:  # such as a row of the shop's database that cannot be read any more
            self._guard.swallowed("track", error)
            return new_event_id(now)
        return event.event_id

    def _event(
        self, name: Any, items: Any, properties: dict[str, Any], ids: _Ids, timestamp: Any,
        event_id: Any, now: float,
    ) -> Event:  # fmt: skip
        now_ms = int(now * 1000)
        canonical = self._name(name)
        lines = self._lines(canonical, items, properties)
        return make_event(
            name if isinstance(name, str) and 0 < len(name.strip()) <= 200 else "custom",
            event_id=self._event_id(canonical, event_id, properties.get("transaction_id"), now),
            now_ms=now_ms,
            timestamp_ms=self._moment(timestamp, now_ms),
            items=[without_people(line) for line in lines],
            properties={key: without_address(key, v) for key, v in properties.items()},
            odd=self._odd,
            **self._who(canonical, ids),
        )

    def track_many(self, events: Iterable[Mapping[str, Any]]) -> list[str]:
        """`track` for each of these: mappings with `event` (or `name`) and the keywords of `track`; -> their ids.

        For back-filling: outside of a request it goes as fast as the store does and loses nothing.
        """
        ids = []
        for given in events:
            fields = dict(given)
            name = fields.pop("event", None) or fields.pop("name", None)
            known = {key: fields.pop(key) for key in _KEYWORDS if key in fields}
            if fields:  # keys of the shop's own are properties
                known["properties"] = {**fields, **self._mapping(known.get("properties"))}
            ids.append(self.track(name, **known))
        return ids

    def _hand_over(self, event: Event) -> None:
        self._counters.add("events")
        visit = current_visit()
        if event.event in DURABLE_EVENTS:
            ticket = self._queue.offer_durable(event)
            if visit is not None:
                visit.tickets = [*visit.tickets, ticket]
            return
        if visit is None:
            self._queue.offer_patiently(event, WAIT_IN_LOOP if _in_event_loop() else WAIT_SECONDS)
        else:
            self._queue.offer(event)
        if self._queue.begin is not None:
            self._queue.begin()

    # -- what was given -------------------------------------------------------------------------------------------
    def _name(self, name: Any) -> str:
        try:
            return canonical_name(name)[0]
        except EventError as error:
            self._odd("event", str(error).partition(": ")[2])
            return "custom"

    def _mapping(self, properties: Any) -> Mapping[str, Any]:
        if properties is None or isinstance(properties, Mapping):
            return properties or {}
        self._odd("properties", f"a mapping is expected, not {type(properties).__name__}")
        return {}

    def _lines(self, name: str, items: Any, properties: dict[str, Any]) -> list[Any]:
        """The lines of products. A voucher's line with a negative price is money, no product: it stays in the value."""
        lines = listed(items)
        if lines is None:
            self._odd("items", "a list of objects is expected")
            return []
        if name == "refund":
            return [_positive(line) for line in lines]
        if name != "purchase":
            return lines
        sold = [line for line in lines if not _is_deduction(line)]
        if len(sold) < len(lines):
            self._counters.add("deduction_lines", len(lines) - len(sold))
            if number(properties.get("value")) is None:
                properties["value"] = round(sum(map(_money, lines)), 6)
        return sold

    def _moment(self, timestamp: Any, now_ms: int) -> int | None:
        if timestamp is None:
            return None
        try:
            return moment_ms(timestamp, now_ms, self._zone)
        except (EventError, OverflowError, ValueError) as error:
            self._odd("timestamp", str(error).partition(": ")[2] or str(error))
            return None

    def _event_id(self, name: str, event_id: Any, transaction_id: Any, now: float) -> str:
        if event_id is not None and (found := self._id(event_id, "event_id")) is not None:
            return found
        if name in ONCE_PER_TRANSACTION and transaction_id is not None:
            order = identifier(transaction_id)
            if order:
                return f"{name}:{order[:MAX_ID]}"
        return new_event_id(now)

    def _id(self, value: Any, field: str) -> str | None:
        try:
            return None if value is None else text_id(value, field)
        except EventError as error:
            self._odd(field, str(error).partition(": ")[2])
            return None

    def _pseudonym(self, user_id: Any) -> str | None:
        user = self._id(user_id, "user_id")
        if user is not None:
            with self._guard("keys"):
                return self._keys().pseudonym(user)
        return None

    def visitor_token(self) -> str:
        """A signed text that names the current visitor to `track(visitor_token=...)`, at most 90 days later and in any
        request: put it into the order. "" where the visitor may not be recognised."""
        with self._guard("track"):
            return self._tokens.of(current_visit())
        return ""

    def _told(self, token: Any, user_id: Any, anonymous_id: Any, session_id: Any) -> _Ids:
        """The ids that the caller named, itself or by a token; a token holds the user's pseudonym."""
        told = self._tokens.read(token) if token else {}
        if token and not told:
            self._odd("visitor_token", "it is not ours, was changed, or is older than 90 days")
        return _Ids(
            self._pseudonym(user_id) or told.get("user_id"),
            self._id(anonymous_id, "anonymous_id") or told.get("anonymous_id"),
            self._id(session_id, "session_id") or told.get("session_id"),
            bool(told),
        )

    def _who(self, name: str, ids: _Ids) -> dict[str, Any]:
        told = {"user_id": ids.user, "anonymous_id": ids.anonymous, "session_id": ids.session}
        visit = current_visit()
        # A program's request, such as a payment provider's webhook, has no visitor of its own: who is named is meant.
        if visit is None or ids.are_signed or (visit.kind is TrafficClass.BOT and (ids.user or ids.anonymous)):
            return told
        identity = visit.identity
        audience = STAFF if visit.staff else VISITOR
        if (
            audience == VISITOR
            and name not in DURABLE_EVENTS
            and (visit.kind is TrafficClass.BOT or self._bot_behaviour.is_program(visit))
        ):
            audience = BOT  # an order stays an order, whoever gives it
        if identity.anonymous_id is None:
            return {"audience": audience}
        return {
            "audience": audience,
            "user_id": ids.user or visit.user,
            "anonymous_id": ids.anonymous or identity.anonymous_id,
            "session_id": ids.session or identity.session_id,
            "page_view_id": visit.page_view_id,
        }


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _field(line: Any, name: str) -> Any:
    return line.get(name) if isinstance(line, Mapping) else getattr(line, name, None)


def _is_deduction(line: Any) -> bool:
    return (number(_field(line, "price")) or 0) < 0 or (number(_field(line, "quantity")) or 0) < 0


def _money(line: Any) -> float:
    quantity = number(_field(line, "quantity"))
    return float(number(_field(line, "price")) or 0) * float(1 if quantity is None else quantity)


def _positive(line: Any) -> Any:
    """What comes back is counted without a sign, however the shop writes it."""
    if not isinstance(line, Mapping):
        return line
    signed = {
        name: -found for name in ("price", "quantity") if (found := number(line.get(name))) is not None and found < 0
    }
    return {**line, **signed}


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
