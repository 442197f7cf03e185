"""Visits as rows of numbers, for telling people from programs and shoppers from thieves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from opsplug.events import VISITOR, Event

Array = NDArray[np.float64]
NAMES = (
    "pages", "items", "minutes", "pages_per_minute", "steadiness", "told_by_browser", "orders", "order_value",
    "payment_errors", "refusals", "not_found", "minutes_to_order",
)  # fmt: skip
MOST_SESSIONS = 200_000


@dataclass(slots=True)
class _Session:
    visitor: str = ""
    times: list[int] = field(default_factory=list)  # of pages and requests
    items: set[str] = field(default_factory=set)
    browser: int = 0
    orders: int = 0
    value: float = 0.0
    first_order: int = 0
    payment_errors: int = 0
    refusals: int = 0
    not_found: int = 0


@dataclass(frozen=True, slots=True)
class SessionTable:
    """A row for each session; `begin` in epoch milliseconds. Columns as in `NAMES`."""

    sessions: list[str]
    begin: NDArray[np.int64]
    matrix: Array

    def column(self, name: str) -> Array:
        return self.matrix[:, NAMES.index(name)]


class SessionTableMaker:
    """`add` events in any order, then `table()`. Visits past `MOST_SESSIONS` are left out."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.session_id is None or event.audience != VISITOR:
                continue
            session = self._sessions.get(event.session_id)
            if session is None:
                if len(self._sessions) >= MOST_SESSIONS:
                    continue
                session = self._sessions[event.session_id] = _Session()
            _count(session, event)

    def table(self, least: int = 2) -> SessionTable:
        """Of visits with at least so many pages and requests: of one page nothing can be said."""
        sessions = [(key, session) for key, session in self._sessions.items() if len(session.times) >= least]
        matrix = np.array([_row(session) for _, session in sessions], dtype=float).reshape(len(sessions), len(NAMES))
        begin = np.array([min(session.times) for _, session in sessions], dtype=np.int64)
        return SessionTable([key for key, _ in sessions], begin, matrix)


def _count(session: _Session, event: Event) -> None:
    name, properties = event.event, event.properties
    if event.source == "browser":
        session.browser += 1
    if name in ("page_view", "http_request"):
        session.times.append(event.timestamp)
        status = properties.get("status")
        session.not_found += status == 404
        session.refusals += status in (400, 402, 403, 422)
    elif name in ("view_item", "add_to_cart"):
        session.items.update(item.item_id for item in event.items)
    elif name == "purchase":
        session.orders += 1
        session.first_order = session.first_order or event.timestamp
        value = properties.get("value")
        amount = value if isinstance(value, int | float) else sum((i.price or 0.0) * i.quantity for i in event.items)
        session.value = max(session.value, float(amount))
    elif name == "payment_error":
        session.payment_errors += 1


def _row(session: _Session) -> list[float]:
    times = np.sort(np.array(session.times, dtype=float)) / 1000
    gaps = np.diff(times)
    minutes = float(times[-1] - times[0]) / 60
    mean = float(gaps.mean()) if len(gaps) else 0.0
    # The coefficient of variation of people's gaps is near or above one; a program's clock has hardly any.
    steadiness = 1 / (1 + float(gaps.std()) / mean) if len(gaps) >= 10 and mean > 0 else 0.5
    to_order = (session.first_order / 1000 - times[0]) / 60 if session.orders else 0.0
    return [
        len(times), len(session.items), minutes, len(times) / max(minutes, 1.0), steadiness,
        min(session.browser / len(times), 3.0), session.orders, session.value, session.payment_errors, session.refusals,
        session.not_found, to_order,
    ]  # fmt: skip
