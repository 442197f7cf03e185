"""Visits of the newest weeks: which steps and pages came in which order, and what was searched for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from opsplug.events import Event

# The shop's own way to an order, in GA4's names; each step counts once a visit.
STEPS: Final = (
    "view_item",
    "add_to_cart",
    "view_cart",
    "begin_checkout",
    "add_shipping_info",
    "add_payment_info",
    "purchase",
)
NAMES: Final = ("page_view", "search", "view_search_results", *STEPS)
MAX_TERM_LENGTH: Final = 60  # characters of a search term
MOST_STEPS: Final = 200  # of one visit that are kept


@dataclass(slots=True)
class Visit:
    """One session: its start (epoch seconds), who, the routes of its pages and its steps, both in their order."""

    start: float
    visitor: str
    routes: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    device: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Visits:
    """`searches` are (epoch seconds, term, visitor or session); `people` maps visitor to (device, language)."""

    visits: Sequence[Visit]
    searches: Sequence[tuple[float, str, str]]


class VisitsBuilder:
    """Takes events in the order of storing. Events without a session belong to no visit."""

    def __init__(self) -> None:
        self.events = 0
        self._visits: dict[str, Visit] = {}
        self._searches: list[tuple[float, str, str]] = []
        self._seen_searches: set[tuple[str, str]] = set()

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            self.events += 1
            self._add(event)

    def _add(self, event: Event) -> None:
        at = event.timestamp / 1000
        if event.event in ("search", "view_search_results"):
            self._search(event, at)
            return
        session = event.session_id
        if session is None:
            return
        visit = self._visits.get(session)
        if visit is None:
            visit = self._visits[session] = Visit(at, event.user_id or event.anonymous_id or session)
        if event.event == "page_view":
            route = event.route or ""
            if len(visit.routes) < MOST_STEPS and (not visit.routes or visit.routes[-1] != route):
                visit.routes.append(route)
            visit.device = str(event.properties.get("device") or visit.device)
            visit.language = str(event.properties.get("locale") or visit.language)
        elif len(visit.steps) < MOST_STEPS:
            visit.steps.append(event.event)

    def _search(self, event: Event, at: float) -> None:
        """A term counts once a visit, however often its page was loaded and whichever side told of it."""
        term = " ".join(str(event.properties.get("search_term") or "").split()).casefold()[:MAX_TERM_LENGTH]
        who = event.session_id or event.visitor or event.event_id
        if term and (who, term) not in self._seen_searches:
            self._seen_searches.add((who, term))
            self._searches.append((at, term, who))

    def forget_oldest(self, keep: int) -> None:
        """Let the oldest visits go until about `keep` events are left."""
        held = 0
        for session in reversed(list(self._visits)):
            visit = self._visits[session]
            held += len(visit.routes) + len(visit.steps)
            if held > keep:
                del self._visits[session]
        self._searches = self._searches[-keep:]
        self.events = keep

    def visits(self) -> Visits:
        return Visits(sorted(self._visits.values(), key=lambda visit: visit.start), self._searches)
