"""Turns what the request path left in the queue into events. This runs on the writer's thread, never in a request."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from opsplug.capture.bot_behaviour import BotBehaviour
from opsplug.capture.counters import Counters
from opsplug.capture.ids import new_event_id
from opsplug.capture.route_templates import RouteTemplates
from opsplug.capture.traffic_class import TrafficClass
from opsplug.capture.visit import Visit
from opsplug.events import BOT, STAFF, VISITOR, Event, Item
from opsplug.privacy.free_text import clean_text, has_mail_sign
from opsplug.values import identifier

_PARAMETER = re.compile(r"<(?:[^<>:]+:)?([^<>:]+)>|\{([^{}:]+)(?::[^{}]*)?\}")
_ITEM_NAMES = ("item_id", "product_id", "sku", "id", "slug", "handle", "code")
_SEARCH_NAMES = ("q", "query", "search", "s", "term", "keyword", "keywords", "search_term")
ORDER_EVENTS = frozenset(("purchase", "refund", "order_cancelled"))
_LONGEST = 1000  # characters of a header or a path that are looked at
_SECRET = re.compile(r"[@\uff20]|\d{7}|eyJ[A-Za-z0-9_\-]{6,500}\.|[A-Za-z0-9+=]{32}|\A[A-Za-z0-9_\-]{24,}\Z")
# Few digits in a row, short words, nothing encoded: what names nobody.
_PLAIN = re.compile(r"(?:/[A-Za-z.,\-_]{0,23}|/[A-Za-z\-]{0,12}\d{1,5}[A-Za-z\-]{0,6}(?=/|\Z)|/(?=/|\Z))*/?")


@lru_cache(maxsize=2048)
def canonical_route(template: str) -> str:
    """`/product/<int:id>` and `/product/{id:int}` are both `/product/<id>`."""
    return _PARAMETER.sub(lambda match: f"<{match.group(1) or match.group(2)}>", template)


@lru_cache(maxsize=2048)
def _shape(template: str) -> str:
    """A route without the names of its parameters: the shop may call them otherwise than its settings do."""
    return _PARAMETER.sub("<>", template)


def clean_path(path: str) -> str:
    """A path without what may name a person: addresses, long numbers and tokens become `*`; at most 200 characters."""
    if not may_hide(path):
        return path[:200]
    kept = "/".join("*" if _is_secret(segment) else segment for segment in path[:_LONGEST].split("/"))
    return kept.replace("\x00", "")[:200]


def may_hide(path: str) -> bool:
    """Whether a path holds something that has to be looked at: a quick look that spares most paths the long one."""
    return "eyJ" in path or _PLAIN.fullmatch(path) is None  # the first begins a JSON web token


def _is_secret(segment: str) -> bool:
    if "%" in segment:
        segment = unquote(unquote(segment))
    # 4111-1111-1111-1111 has no long run of digits, ada(at)post.example no sign
    return _SECRET.search(segment) is not None or clean_text(segment) != segment


class Recorder:
    """`convert(records)`: visits become page views, requests and the route map's events; events pass through."""

    def __init__(self, routes: Mapping[str, str], bot_behaviour: BotBehaviour, counters: Counters) -> None:
        self._bot_behaviour = bot_behaviour
        self._counters = counters
        self.templates = RouteTemplates()
        self._events: dict[tuple[str, str], str] = {}
        for route, name in routes.items():
            method, template = route.split()
            self._events[method.upper(), _shape(template)] = name

    @property
    def server_events(self) -> frozenset[str]:
        """Names that the server reports itself, so that the browser need not."""
        return frozenset(self._events.values())

    def convert(self, records: Iterable[Any]) -> list[Event]:
        events: list[Event] = []
        for record in records:
            if isinstance(record, Visit):
                events.extend(self._visit(record))
            else:
                events.append(record)
        return events

    def _visit(self, visit: Visit) -> Sequence[Event]:
        identity = visit.identity
        known = identity.anonymous_id is not None
        if not known and visit.kind is TrafficClass.VISIT:
            self._counters.add("visits_without_identity")
        milliseconds = int(visit.started * 1000)
        audience = self._audience(visit)
        route = canonical_route(visit.route) if visit.route else None
        if visit.route and route:
            self.templates.learn(visit.route, route)
        page = visit.page_view_id is not None
        first = Event(
            event_id=visit.page_view_id or new_event_id(visit.started),
            event="page_view" if page else "http_request",
            timestamp=milliseconds,
            received_at=milliseconds,
            audience=audience,
            anonymous_id=identity.anonymous_id,
            user_id=visit.user if known else None,
            session_id=identity.session_id,
            page_view_id=visit.page_view_id if known else None,
            route=route or clean_path(visit.path),
            properties=self._context(visit, page, known),
        )
        name = self._events.get((visit.method, _shape(route))) if route and visit.status < 400 else None
        if name is None or (audience == BOT and not (name in ORDER_EVENTS and visit.method == "POST")):
            return () if audience == BOT and visit.method == "POST" else (first,)
        if audience == BOT:  # a payment provider's webhook is no page of a crawler's
            return (self._mapped(first, name, visit),)
        return first, self._mapped(first, name, visit)

    def _audience(self, visit: Visit) -> int:
        if visit.kind is TrafficClass.BOT:
            return BOT
        if visit.staff:
            self._counters.add("staff_requests")
            return STAFF
        bots = self._bot_behaviour
        if bots.judge(visit) if visit.page_view_id is not None else bots.is_program(visit):
            self._counters.add("bots_by_behaviour")
            return BOT
        return VISITOR

    def _mapped(self, page: Event, name: str, visit: Visit) -> Event:
        """The event that the shop's route map makes of this visit."""
        items: Sequence[Item] = ()
        properties: dict[str, Any] = {}
        item_id = _item_id(visit.params) if visit.params else None
        order_id = identifier(next(iter(visit.params.values()), None)) if visit.params else None
        event_id = new_event_id(visit.started)
        audience = page.audience
        if name in ORDER_EVENTS:
            audience = VISITOR if audience == BOT else audience  # an order stays an order, whoever reports it
            if order_id:  # what an order's address names is the order
                properties = {"transaction_id": order_id}
                event_id = event_id if name == "refund" else f"{name}:{order_id}"
        elif item_id:
            items = [Item(item_id=item_id)]
        elif name in ("search", "view_search_results"):
            properties = {"search_term": _search_term(visit.query)}
        return Event(
            event_id=event_id,
            event=name,
            timestamp=page.timestamp,
            received_at=page.received_at,
            audience=audience,
            anonymous_id=page.anonymous_id,
            user_id=page.user_id,
            session_id=page.session_id,
            page_view_id=page.page_view_id,
            route=page.route,
            items=items,
            properties=properties,
        )

    @staticmethod
    def _context(visit: Visit, page: bool, known: bool) -> dict[str, Any]:
        """Before consent: method, status and time taken, nothing about the person's device or way here."""
        duration = max(0.0, round(visit.duration * 1000, 1))  # the clock may have been set back meanwhile
        if not page:
            return {"method": visit.method, "status": visit.status, "duration_ms": duration}
        if not known:
            return {"duration_ms": duration}
        context: dict[str, Any] = {"duration_ms": duration, "device": device_of(visit.agent[:_LONGEST])}
        locale = locale_of(visit.language[:_LONGEST])
        if locale:
            context["locale"] = locale
        referrer = referrer_of(visit.referrer[:_LONGEST])
        if referrer:
            context["referrer_host"] = referrer
        return context


@lru_cache(maxsize=2048)
def device_of(agent: str) -> str:
    """mobile, tablet or desktop, by the words that browsers of such devices use."""
    if "iPad" in agent or "Tablet" in agent or ("Android" in agent and "Mobi" not in agent):
        return "tablet"
    return "mobile" if "Mobi" in agent else "desktop"


@lru_cache(maxsize=2048)
def locale_of(accept_language: str) -> str:
    """The first language of an Accept-Language header, such as zh-CN."""
    first = accept_language.split(",")[0].split(";")[0].strip()
    return first if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}", first) else ""


@lru_cache(maxsize=2048)
def referrer_of(referrer: str) -> str:
    """The host alone: a referrer's path and query may name a person."""
    try:
        return (urlsplit(referrer).hostname or "")[:100]
    except ValueError:
        return ""


def _item_id(params: Mapping[str, Any]) -> str | None:
    for name in _ITEM_NAMES:
        if name in params:
            return clean_id(str(params[name])[:1024])
    return clean_id(str(list(params.values())[-1])[:1024]) if params else None


def clean_id(text: str) -> str:
    """Article numbers look like phones and cards, so of an id only a mail address is hidden."""
    return clean_text(text) if has_mail_sign(text) else text


def _search_term(query: str) -> str:
    found = parse_qs(query[:2000])  # of 2,000 characters: no more than a thousand fields
    for name in _SEARCH_NAMES:
        if name in found:
            return clean_text(found[name][0][:200])
    return ""
