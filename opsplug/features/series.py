"""Events, in the order of storing, into the numbers of days: each event is read once, late ones join their own hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from opsplug.events import BOT, VISITOR, Event
from opsplug.features.daycells import DayCells
from opsplug.features.local_time import SlotClock, believable, shifted
from opsplug.features.opensessions import KEPT_MS, OpenSession, OpenSessions, who
from opsplug.features.series_answers import answered, request
from opsplug.features.series_trouble import TROUBLE
from opsplug.units import HOUR, MS

LIST_PREFIX: Final = "opsplug:"
STEPS: Final = frozenset(("view_cart", "begin_checkout", "add_shipping_info", "add_payment_info"))
_TERM: Final = 60


BULK_MS: Final = 3 * HOUR * MS  # after which an event was not told as it happened: a nightly import, a queue that hung
OF_ORDERS: Final = ("orders", "revenue", "converted", "refunds")


class RollupState(msgspec.Struct):
    """What is remembered beside the days."""

    last_id: int = 0
    first_day: str = ""
    newest_ms: int = 0
    currency: str = ""
    dropped: int = 0  # events whose time could not be right
    timezone: str = ""
    chat_ms: int = 0  # up to when the chat's messages were read
    late: dict[str, float] = msgspec.field(default_factory=dict)  # by source of numbers, the share that comes in bulk
    newest_of: dict[str, int] = msgspec.field(default_factory=dict)  # by source of numbers, the newest event's time


def note_arrival(state: RollupState, event: Event, at_ms: int) -> None:
    """Learn whether orders, and whether all else, come as they happen or hours later in bulk."""
    source, memory = ("orders", 20) if event.event in ("purchase", "refund") else ("visits", 200)
    late = event.received_at - at_ms > BULK_MS
    before = state.late.get(source, float(late))
    state.late[source] = before + (late - before) / memory
    state.newest_of[source] = max(state.newest_of.get(source, 0), at_ms)


def complete_until(state: RollupState, part: str, until: float) -> float:
    """Up to when (epoch seconds) a measure can be judged: where its events come in bulk, up to the newest of them."""
    source = "orders" if part in OF_ORDERS else "visits"
    if state.late.get(source, 0.0) <= 0.5:
        return until
    return min(until, state.newest_of[source] / 1000)


class Rollup:
    """`read(events)` adds to the days that `day_of(date)` gives. `category_of` names an item's category, if known."""

    def __init__(
        self,
        clock: SlotClock,
        day_of: Callable[[str], DayCells],
        state: RollupState,
        sessions: OpenSessions,
        category_of: Callable[[str], str] = lambda item_id: "",
    ) -> None:
        self._clock = clock
        self._day_of = day_of
        self.state = state
        self.sessions = sessions
        self._category_of = category_of
        self._handlers: dict[str, Callable[[Event, DayCells, int, OpenSession | None], None]] = {
            "page_view": self._page,
            "http_request": request,
            "view_item": self._item,
            "add_to_cart": self._item,
            "purchase": self._order,
            "refund": self._refund,
            "view_search_results": self._search,
            "view_item_list": self._list,
            "select_item": self._list,
            **dict.fromkeys(STEPS, self._step),
            **TROUBLE,
        }

    def read(self, events: Iterable[tuple[int, Event]]) -> None:
        for row, event in events:
            self.state.last_id = row
            at_ms = min(event.timestamp, event.received_at)
            if not believable(at_ms):
                self.state.dropped += 1
                continue
            note_arrival(self.state, event, at_ms)
            self._event(event, at_ms)

    def close_sessions(self, now_ms: int) -> None:
        """Count how the visits ended that have ended by now."""
        for session in self.sessions.over(now_ms, force=True):
            self._ended(session)

    def _event(self, event: Event, at_ms: int) -> None:
        state = self.state
        name, slot = self._clock.slot(at_ms)
        day = self._day_of(name)
        if not state.first_day or name < state.first_day:
            state.first_day = name
        if at_ms > state.newest_ms:
            if name > self._clock.slot(state.newest_ms)[0]:
                self.sessions.forget_visitors(shifted(name, -1))
            state.newest_ms = at_ms
            for ended in self.sessions.over(at_ms):
                self._ended(ended)
        day.add("alive", slot, 1)
        if event.audience != VISITOR:
            if event.audience == BOT and event.event == "page_view":
                day.add("bots", slot, 1, route=event.route or "")
            return
        session = self._session(event, at_ms, name, slot, day)
        if event.visitor:
            in_slot, in_day = self.sessions.visitor_slots(event.visitor, name, slot)
            if in_slot:
                day.add("visitors", slot, 1)
            if in_day:
                day.add("visitors_day", slot, 1)
        handler = self._handlers.get(event.event)
        if handler is not None:
            handler(event, day, slot, session)

    # ------------------------------------------------------------------ visits

    def _session(self, event: Event, at_ms: int, name: str, slot: int, day: DayCells) -> OpenSession | None:
        """The visit of an event; None where nobody may be recognised, and for what a browser told hours later."""
        if event.session_id is None:
            return None
        key, session = self.sessions.find(event.session_id)
        if session is None:
            if event.source == "browser" and event.received_at - at_ms > KEPT_MS:
                return None
            session = self.sessions.sessions[key] = OpenSession(name, slot, at_ms)
            _surroundings(session, event.properties)
            session.entry = event.route or ""
            day.add("sessions", slot, 1, entry=session.entry, **who(session))
        session.last_ms = max(session.last_ms, at_ms)
        if not session.device:
            _surroundings(session, event.properties)
        return session

    def _ended(self, session: OpenSession) -> None:
        day, slot = self._day_of(session.day), session.slot
        if session.carted:
            day.add("carts_ended", slot, 1, **who(session))
        if session.carted and not session.bought:
            day.add("abandoned", slot, 1, **who(session))
        if session.slow:
            day.add("slow_bought" if session.bought else "slow_left", slot, 1)
        if session.bought:
            for mark in session.marks:
                if mark.startswith("seen "):
                    day.add_part("seen_bought", slot, 1, "route", mark[5:])
            return
        if session.route:
            day.add("exits", slot, 1, route=session.route)
        if session.step:
            day.add("step_lost", slot, 1, step=session.step)
        if session.missed:
            found = session.missed == "found"
            day.add("left_found" if found else "left_zero", slot, 1, term="" if found else session.missed[1:])

    # ------------------------------------------------------------------ pages

    def _page(self, event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
        route = event.route or ""
        day.add("page_views", slot, 1, route=route, **who(session))
        if session is not None:
            session.route = route
            if event.timestamp > session.missed_ms:
                session.missed = ""
            if session.once(f"seen {route}"):
                day.add_part("seen", slot, 1, "route", route)
            if "checkout" in route.lower():
                self._reached(route, session)
        answered(event, day, slot, session)

    def _step(self, event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
        if session is not None:
            self._reached(event.event, session)

    def _reached(self, step: str, session: OpenSession) -> None:
        session.step = step
        if session.once(f"step {step}"):
            self._day_of(session.day).add("step_reached", session.slot, 1, step=step)

    def _search(self, event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
        term = " ".join(str(event.properties.get("search_term") or "").casefold().split())[:_TERM]
        count = event.properties.get("results_count")
        day.add("searches", slot, 1, term=term)
        if not isinstance(count, int | float):
            return
        missed = count == 0
        if missed:
            day.add("zero_searches", slot, 1, term=term)
        if session is not None:
            session.missed, session.missed_ms = f"0{term}" if missed else "found", event.timestamp
            if session.once(f"{'zero' if missed else 'found'} {term}"):
                day.add("zero_sessions" if missed else "found_sessions", slot, 1, term=term)

    def _list(self, event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
        place = str(event.properties.get("item_list_id") or "")
        if place.startswith(LIST_PREFIX):
            name = "rec_shown" if event.event == "view_item_list" else "rec_clicked"
            day.add(name, slot, 1, placement=place.removeprefix(LIST_PREFIX), **who(session))

    # ------------------------------------------------------------------ things and money

    def _item(self, event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
        if event.event == "add_to_cart":
            if session is not None and not session.carted:
                session.carted = True
                self._day_of(session.day).add("carted", session.slot, 1, **who(session))
            for item in event.items:
                day.add("into_cart", slot, 1, product=item.item_id)
            return
        for item in event.items:
            if session is None or session.once(f"item {item.item_id}"):
                day.add("item_views", slot, 1, product=item.item_id)

    def _order(self, event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
        day.add("orders", slot, 1, **who(session))
        foreign = self._foreign(event)
        amounts: dict[str, float] = {}
        for item in event.items:
            amounts[item.item_id] = amounts.get(item.item_id, 0.0) + (item.price or 0.0) * item.quantity
        for item_id, amount in amounts.items():
            day.add_part("orders", slot, 1, "product", item_id)
            if not foreign and amount:
                day.add_part("revenue", slot, amount, "product", item_id)
                category = self._category_of(item_id)
                if category:
                    day.add_part("revenue", slot, amount, "category", category)
        if not foreign:
            value = event.properties.get("value")
            amount = float(value) if isinstance(value, int | float) else sum(amounts.values())
            day.add("revenue", slot, abs(amount), **who(session))
        if session is not None and not session.bought:
            session.bought = True
            start = self._day_of(session.day)
            start.add("converted", session.slot, 1, entry=session.entry, **who(session))
            if session.closed and session.carted:  # it had been given up already
                start.add("abandoned", session.slot, -1, **who(session))

    def _refund(self, event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
        day.add("refunds", slot, 1)
        for item in event.items:
            day.add_part("refunds", slot, 1, "product", item.item_id)

    def _foreign(self, event: Event) -> bool:
        """Whether the money is in another currency than the shop's first one: sums of two would say nothing."""
        currency = event.properties.get("currency")
        if not isinstance(currency, str):
            return False
        if not self.state.currency:
            self.state.currency = currency
        return currency != self.state.currency


def _surroundings(session: OpenSession, properties: dict[str, Any]) -> None:
    session.device = str(properties.get("device") or "")
    session.language = str(properties.get("locale") or "")[:10]
    session.referrer = str(properties.get("referrer_host") or "")[:60]
