"""Endpoints for browsers: events and consent."""

from urllib.parse import urlsplit

from opsplug import reasons
from opsplug.capture.beacon import read_beacon
from opsplug.capture.bot_behaviour import BotBehaviour
from opsplug.capture.counters import Counters
from opsplug.capture.identity import consent_cookie
from opsplug.capture.ids import new_event_id
from opsplug.capture.observer import Observer
from opsplug.capture.queue import EventQueue
from opsplug.capture.route_templates import RouteTemplates
from opsplug.capture.traffic_class import TrafficClass
from opsplug.capture.visit import Visit
from opsplug.errors import EventError
from opsplug.events import Event
from opsplug.web.http import Request, Response, error_response, json_response, read_json


class Ingest:
    """`POST events` and `POST consent`."""

    def __init__(
        self,
        observer: Observer,
        queue: EventQueue,
        counters: Counters,
        bot_behaviour: BotBehaviour,
        templates: RouteTemplates,
    ) -> None:
        self._templates = templates
        self._bot_behaviour = bot_behaviour
        self._observer = observer
        self._queue = queue
        self._counters = counters

    def events(self, request: Request, visit: Visit) -> Response:
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        if visit.kind is TrafficClass.BOT:
            self._counters.add("bot_beacons")
            return json_response({"accepted": 0, "rejected": []}, 202)
        try:
            received = read_beacon(request.body, visit, self._counters.note)
        except EventError as error:
            return self._rejected(str(error))
        self._bot_behaviour.reported(visit)
        for event in received.events:
            if event.route:  # a browser knows the address, the server the route it belongs to
                event.route = self._templates.of(event.route.removeprefix(visit.root) or "/")
        stored = sum(self._queue.offer(event) for event in received.events)
        self._counters.add("events", stored)
        for _, reason in received.rejected:
            self._count_rejected(reason)
        if received.rejected and not received.events and not received.repeats:
            return error_response(400, received.rejected[0][1])
        answer = {
            "accepted": stored + received.repeats,  # what a full queue dropped is counted as such, not as accepted
            "rejected": [{"index": index, "reason": reason} for index, reason in received.rejected],
        }
        return json_response(answer, 202, self._cookies(visit))

    def consent(self, request: Request, visit: Visit) -> Response:
        """Remember the visitor's answer; a no forgets who the visitor was."""
        refusal = self._refuse(request)
        if refusal is not None:
            return refusal
        try:
            answer = read_json(request.body, dict[str, bool])
        except EventError:
            return self._rejected('body: not {"analytics": true, "personalization": true}')
        granted = answer.get("analytics", False) and answer.get("personalization", True)
        before = visit.cookies.anonymous_id
        visit.cookies = visit.cookies._replace(consent=granted)
        visit._identity = None
        path = visit.root or "/"
        headers = [("Set-Cookie", consent_cookie(granted, path=path, secure=visit.secure)), *self._cookies(visit)]
        now_ms = int(visit.started * 1000)
        ticket = self._queue.offer_durable(
            Event(
                event_id=new_event_id(visit.started),
                event="consent_update",
                timestamp=now_ms,
                received_at=now_ms,
                anonymous_id=visit.identity.anonymous_id if granted else before,
                properties={"granted": granted},
            )
        )
        self._counters.add("consents_given" if granted else "consents_refused")
        return Response(204, headers=[("Cache-Control", "private, no-store"), *headers], wait_for=(ticket,))

    def _refuse(self, request: Request) -> Response | None:
        if not same_origin(request):
            self._counters.add("foreign_origins")
            return error_response(403, "this address accepts requests from the shop's own pages only")
        return None

    def _rejected(self, reason: str) -> Response:
        self._count_rejected(reason)
        return error_response(400, reason)

    def _count_rejected(self, reason: str) -> None:
        """Once in all, and once by the field that did not fit."""
        self._counters.add("events_rejected")
        name = reasons.rejected(reason)
        if name is not None:
            self._counters.note(name, reason)

    def _cookies(self, visit: Visit) -> list[tuple[str, str]]:
        identity = visit.identity
        return [("Set-Cookie", self._observer.cookie_for(visit))] if identity.renew or identity.forget else []


def same_origin(request: Request) -> bool:
    """False for a request that another site's page made (Fetch metadata, else the Origin header)."""
    site = request.header("sec-fetch-site")
    if site:
        return site in ("same-origin", "none") or (site == "same-site" and _same_host(request))
    return _same_host(request)


def _same_host(request: Request) -> bool:
    origin = request.header("origin")
    if not origin:
        return True
    try:
        return urlsplit(origin).netloc.lower() == request.host.lower()
    except ValueError:
        return False
