"""The numbers of the shop's answers: how many, how fast, and which were errors or refusals."""

from __future__ import annotations

from typing import Final

from opsplug.events import Event
from opsplug.features.daycells import DayCells, bucket
from opsplug.features.opensessions import OpenSession, who

SLOW_MS: Final = 2000.0


def answered(event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
    duration = event.properties.get("duration_ms")
    if event.source == "browser" or not isinstance(duration, int | float):
        return
    route = event.route or ""
    day.add("requests", slot, 1, route=route)
    day.add_part("latency", slot, 1, route, bucket(duration))
    if duration > SLOW_MS:
        day.add("slow_requests", slot, 1, route=route)
        if session is not None:
            session.slow = True


def request(event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
    answered(event, day, slot, session)
    status, route = event.properties.get("status"), event.route or ""
    if not isinstance(status, int):
        return
    if status >= 500:
        day.add("errors", slot, 1, route=route, **who(session))
        if session is not None and session.once(f"error {route}"):
            day.add_part("error_sessions", slot, 1, "route", route)
    elif status == 404:
        day.add("not_found", slot, 1, route=route)
    elif status in (400, 422) and event.properties.get("method") == "POST":
        day.add("refused", slot, 1, route=route)
