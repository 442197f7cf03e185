"""What becomes of one event, gate by gate: it is sent through an engine of its own, which is wired as the shop's is.

No rule is written here a second time. The engine counts what it changes or refuses, as the shop's does; this only
listens to its counters and puts what it hears in the order of `reasons.GATES`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from opsplug import locales, reasons
from opsplug.capture.counters import Counters
from opsplug.capture.visit import GONE
from opsplug.engine.engine import Engine
from opsplug.errors import EventError
from opsplug.events import AUDIENCES, BOT, STAFF, Event
from opsplug.web.http import Request
from opsplug.web.site import Web

State = Literal["passed", "changed", "stopped", "not_reached"]
_BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_OF_TRACK: Final = (
    "items", "value", "currency", "transaction_id", "user_id", "anonymous_id", "session_id", "timestamp", "event_id",
    "properties",
)  # fmt: skip
_OF_REQUEST: Final = frozenset(("size", "origin", "rate", "program", "repeat"))
_OF_ROW: Final = frozenset(("program", "name", "id", "clock", "consent", "staff", "store", "catalogue"))


@dataclass(frozen=True)
class Step:
    """What one gate did with the event. `reason` names a row of the table of reasons; "" where it passed as it is."""

    gate: str
    state: State
    text: str
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Posted:
    """An event as somebody would send it. `consent`: the visitor's answer, None where nobody asked."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    consent: bool | None = None
    from_server: bool = False  # by `Engine.track` instead of a browser


@dataclass(frozen=True)
class EventTrace:
    """`kept` is the event as it would be stored; None where it is not."""

    steps: Sequence[Step]
    kept: Event | None


def trace(engine: Engine, posted: Posted, language: str = "en") -> EventTrace:
    """Send an event through a copy of this engine; nothing reaches the shop's store."""
    copy = _Copy(replace(engine.settings, store="sqlite://", models="", secret_key="", testing=True))
    try:
        _send(copy, posted)
        copy.flush()
        kept = next((event for batch in copy.store.read_events(audience=None) for _, event in batch), None)
    finally:
        copy.close()
    heard = [*copy.counters.heard, *(_known_already(engine, kept) if kept else ())]
    steps = _steps(heard, _Words(language, _facts(posted, kept)), kept is not None)
    return EventTrace([step for step in steps if not (posted.from_server and step.gate in _OF_REQUEST)], kept)


def trace_stored(engine: Engine, event_id: str, language: str = "en") -> EventTrace | None:
    """What was made of an event that is in the store, as far as its row tells; None where it is not."""
    found = engine.store.find_event(event_id) if _has_store(engine) else None
    if found is None:
        return None
    heard = _heard_of_row(found) + _unknown_items(engine, found)
    steps = _steps(heard, _Words(language, _facts_of(found)), True)
    return EventTrace([step for step in steps if step.gate in _OF_ROW], found)


class _Trail(Counters):
    """Counters that remember what was counted, in its order, and about what."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, str]] = []

    def add(self, name: str, n: int = 1) -> None:
        super().add(name, n)
        if n > 0:
            self.heard.append((name, ""))

    def note(self, name: str, detail: str = "") -> None:
        super().note(name, detail)
        self.heard[-1] = (self.heard[-1][0], detail)


class _Copy(Engine):
    counters: _Trail
    new_counters = _Trail


def _send(copy: _Copy, posted: Posted) -> None:
    if posted.from_server:
        _track(copy, posted.body)
        return
    headers = {"user-agent": _BROWSER, "host": "shop.example", **posted.headers}
    if posted.consent is not None:
        headers["cookie"] = f"opsplug_consent={int(posted.consent)}"
    copy.web.handle(Request("POST", "/events", headers=headers, body=posted.body), GONE)


def _track(copy: _Copy, body: bytes) -> None:
    try:
        given = msgspec.json.decode(body, type=dict[str, Any])
        copy.track(given.get("event", ""), **{key: given[key] for key in _OF_TRACK if key in given})
    except (EventError, msgspec.DecodeError) as error:
        why = str(error) if isinstance(error, EventError) else f"body: {error}"
        copy.counters.note(reasons.rejected(why) or "events_rejected", why)


# -- what was heard, in words -------------------------------------------------------------------------------------
class _Words:
    """Texts of the gates, with what is known of the event in their places."""

    def __init__(self, language: str, facts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = locales.words("why", language)
        self._facts = facts

    def passed(self, gate: str) -> str:
        return str(self._texts["passed"][gate]).format_map(self._facts)

    def not_reached(self) -> str:
        return str(self._texts["not_reached"])

    def reason(self, name: str, details: Sequence[str]) -> str:
        shown = ", ".join(dict.fromkeys(detail for detail in details if detail))
        return f"{reasons.meaning(name, self.language)}{f' ({shown})' if shown else ''}"


def _steps(heard: Sequence[tuple[str, str]], words: _Words, is_kept: bool) -> list[Step]:
    """One step for each gate that the event passed, one for each reason where it did not pass as it is."""
    by_gate: dict[str, dict[str, list[str]]] = {}
    last = None
    for name, detail in heard:
        row = reasons.find(name)
        if row is not None and row.gate:
            by_gate.setdefault(row.gate, {}).setdefault(row.name, []).append(detail)
            last = row.gate
    stopped_at = None if is_kept or last is None else reasons.GATES.index(last)
    steps = []
    for place, gate in enumerate(reasons.GATES):
        if stopped_at is not None and place > stopped_at:
            steps.append(Step(gate, "not_reached", words.not_reached()))
        elif gate not in by_gate:
            steps.append(Step(gate, "passed", words.passed(gate)))
        else:
            state: State = "stopped" if place == stopped_at else "changed"
            for name, details in by_gate[gate].items():
                remedy = reasons.remedy(name, words.language)
                steps.append(Step(gate, state, words.reason(name, details), name, remedy))
    return steps


def _known_already(engine: Engine, event: Event) -> list[tuple[str, str]]:
    """What only the shop's own store knows."""
    is_repeat = _has_store(engine) and engine.store.find_event(event.event_id) is not None
    return [*([("events_repeated", event.event_id)] if is_repeat else []), *_unknown_items(engine, event)]


def _unknown_items(engine: Engine, event: Event) -> list[tuple[str, str]]:
    ids = list(dict.fromkeys(item.item_id for item in event.items))
    known = engine.store.get_items(ids) if ids and _has_store(engine) else {}
    return [("catalogue_unknown", item_id) for item_id in ids if item_id not in known]


def _has_store(engine: Engine) -> bool:
    """Looking makes none."""
    path = engine.settings.store_path
    return path is None or path.exists()


def _heard_of_row(event: Event) -> list[tuple[str, str]]:
    heard = []
    if event.audience == BOT:
        heard.append(("bots", ""))
    if event.audience == STAFF:
        heard.append(("staff_events", ""))
    if event.visitor is None:
        heard.append(("events_without_identity", ""))
    return heard


def _facts(posted: Posted, kept: Event | None) -> dict[str, str]:
    facts = {"bytes": f"{len(posted.body):,}", "most": f"{Web.max_body:,}"}
    if kept is not None:
        return _facts_of(kept) | facts
    try:
        body = msgspec.json.decode(posted.body)
        sent = body["events"][0] if "events" in body else body
        told = {"event": str(sent.get("event"))[:60], "event_id": str(sent.get("event_id"))[:64]}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, LookupError, TypeError, AttributeError):
        told = {}
    return _NOTHING_KNOWN | facts | told


def _facts_of(event: Event) -> dict[str, str]:
    items = ", ".join(item.item_id for item in event.items[:10]) or "–"
    when = datetime.fromtimestamp(event.timestamp / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return _NOTHING_KNOWN | {
        "event": event.event, "event_id": event.event_id, "time": when, "items": items,
        "audience": AUDIENCES[event.audience],
    }  # fmt: skip


_NOTHING_KNOWN: Final = dict.fromkeys(("bytes", "most", "event", "event_id", "time", "items", "audience"), "–")
