"""What a browser reports: a body of at most 64 KB with at most 100 events, each checked on its own."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from opsplug.capture.ids import new_id, page_view_age
from opsplug.capture.sanitize import MAX_ITEMS, Sanitizer
from opsplug.capture.visit import Visit
from opsplug.errors import EventError
from opsplug.events import ALIASES, BROWSER_EVENTS, EARLIEST_MS, FUTURE_MS, STAFF, VISITOR, Event, make_event
from opsplug.privacy import mask
from opsplug.reasons import Note
from opsplug.units import DAY, MS

MAX_BODY = 64 * 1024
MAX_EVENTS = 100
OLDEST_MS = 30 * DAY * MS  # an offline queue may come back after weeks, not after years
WRONG_CLOCK_MS = 60_000  # less is the way of the request
SAME_LOAD_SECONDS = 120  # an older page view id came out of a cache: that view is new
# What msgspec raises for a text that is not JSON, not UTF-8, or nested too deep.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PRINTABLE_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class _Beacon(msgspec.Struct):
    events: list[msgspec.Raw]
    sent_at: float | str | None = None


class _Sent(msgspec.Struct):
    event: str
    event_id: str
    timestamp: float | str | None = None
    page_view_id: str | None = None
    route: str | None = None
    path: str | None = None
    properties: dict[str, Any] = {}


_decode_beacon = msgspec.json.Decoder(_Beacon).decode
_decode_sent = msgspec.json.Decoder(_Sent).decode


@dataclass(slots=True)
class Received:
    """`events` are checked and may be stored; `rejected` names the others by their place in the body."""

    events: list[Event] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    repeats: int = 0


def read_beacon(body: bytes, visit: Visit, note: Note) -> Received:
    """Parse a body for the visitor of `visit`; `EventError` when the body as a whole does not fit. `note` hears of
    what is changed or left out of an event that is taken."""
    if len(body) > MAX_BODY:
        raise EventError(f"body: larger than {MAX_BODY} bytes")
    try:
        beacon = _decode_beacon(body)
    except UNREADABLE as error:
        raise EventError(f"body: not the expected JSON: {error}") from None
    if len(beacon.events) > MAX_EVENTS:
        raise EventError(f"events: {len(beacon.events)} are more than {MAX_EVENTS} in one body")
    now_ms = int(visit.started * 1000)
    skew = now_ms - sent if (sent := _milliseconds(beacon.sent_at)) is not None else 0
    received = Received()
    sanitizer = Sanitizer(note)
    for index, raw in enumerate(beacon.events):
        try:
            event = _read_event(raw, visit, sanitizer, now_ms, skew, note)
        except EventError as error:
            received.rejected.append((index, str(error)))
            continue
        if event is None:
            received.repeats += 1
        else:
            received.events.append(event)
    return received


def _read_event(
    raw: msgspec.Raw, visit: Visit, sanitizer: Sanitizer, now_ms: int, skew: int, note: Note
) -> Event | None:
    try:
        sent = _decode_sent(raw)
    except UNREADABLE as error:
        raise EventError(f"event: cannot be read: {error}") from None
    name = ALIASES.get(sent.event, sent.event)
    if name not in BROWSER_EVENTS:
        raise EventError(f"event: {name[:60]!r} is not accepted from a browser")
    if not _is_id(sent.event_id):
        raise EventError("event_id: 8 to 64 letters, digits, - or _ are expected")
    event_id = sent.event_id
    identity = visit.identity
    if name == "page_view" and sent.properties.get("navigation") == "load":
        age = page_view_age(event_id, visit.started)
        if age <= SAME_LOAD_SECONDS:
            note("page_views_repeated", event_id)
            return None  # the server counted this very page view when it sent the page
        if age != math.inf:  # a cached page: many visitors hold this id, each of them sees it for the first time
            event_id = f"{identity.anonymous_id or new_id()}{event_id[8:]}"
            note("page_views_cached", event_id)

    def odd(field: str, why: str) -> None:
        """A page's data layer is written by hand, and its event is worth more than one field of it."""
        note("odd_values.*", field)

    sent_items = sent.properties.get("items", ())
    if isinstance(sent_items, list) and len(sent_items) > MAX_ITEMS:
        odd("items", f"{len(sent_items)} are more than {MAX_ITEMS} in one event")
    known = identity.anonymous_id is not None
    place = sent.route or sent.path
    event = make_event(
        name,
        event_id=event_id,
        now_ms=now_ms,
        timestamp_ms=_corrected(sent.timestamp, now_ms, skew),
        items=sanitizer.items(sent_items),
        properties=sanitizer.properties(sent.properties),
        source="browser",
        odd=odd,
        audience=STAFF if visit.staff else VISITOR,
        anonymous_id=identity.anonymous_id,
        user_id=visit.user if known else None,
        session_id=identity.session_id,
        page_view_id=sent.page_view_id if known and _is_page_view(sent.page_view_id) else None,
        route=sanitizer.path(place) if place else None,
    )
    if not known:
        note("events_without_identity", event_id)
    if visit.staff:
        note("staff_events", event_id)
    if abs(skew) >= WRONG_CLOCK_MS and sent.timestamp is not None:
        note("clocks_corrected", f"{skew / 1000:.0f} s")
    return event


def _is_id(text: str | None) -> bool:
    return text is not None and 8 <= len(text) <= 64 and _PRINTABLE_ID.issuperset(text)


def _is_page_view(text: str | None) -> bool:
    """As the server (28) or the snippet (22) makes them: what else fits into an id may be somebody's number."""
    return _is_id(text) and len(text or "") in (22, 28) and mask(text or "").text == text


def _corrected(value: float | str | None, now_ms: int, skew: int) -> int:
    """The event's time on the server's clock: the browser's clock is as wrong as its `sent_at` is."""
    happened = _milliseconds(value)
    if happened is None:
        return now_ms
    corrected = happened + skew
    if not now_ms - OLDEST_MS <= corrected <= now_ms + FUTURE_MS:
        raise EventError("timestamp: within the last 30 days is expected")
    return min(corrected, now_ms)


def _milliseconds(value: float | str | None) -> int | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            value = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000
        except (ValueError, OverflowError, OSError):
            raise EventError("timestamp: epoch milliseconds or ISO 8601 are expected") from None
    if not math.isfinite(value) or not EARLIEST_MS <= value <= 9e12:
        raise EventError("timestamp: epoch milliseconds are expected")
    return int(value)
