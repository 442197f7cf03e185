"""The numbers of what goes wrong or is felt: script errors, futile clicks, forms given up, slow pictures, moods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from opsplug.events import Event
from opsplug.features.daycells import DayCells, bucket
from opsplug.features.opensessions import OpenSession, who


def js_error(event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
    properties = event.properties
    route = str(properties.get("source_route") or event.route or "")
    kind = " ".join(str(properties[key]) for key in ("error_type", "source", "line") if properties.get(key))
    day.add("js_errors", slot, 1, route=route, error=kind, **who(session))
    if session is not None and session.once(f"js {route}"):
        day.add_part("js_sessions", slot, 1, "route", route)


def click(event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
    element = f"{event.route or ''} {event.properties.get('selector_path') or ''}".strip()
    day.add(f"{event.event}s", slot, 1, route=event.route or "")
    if session is not None and session.once(f"{event.event} {element}"):
        day.add_part(f"{event.event}s", slot, 1, "element", element)


def quick_back(event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
    path = str(event.properties.get("from_path") or "")
    if session is not None and session.once(f"back {path}"):
        day.add("quick_backs", slot, 1, path=path)


def form_step(event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
    properties = event.properties
    form = f"{event.route or ''} {properties.get('form_id') or properties.get('form_destination') or ''}".strip()
    if session is None or not session.once(f"{event.event} {form}"):
        return
    day.add(f"{event.event}s", slot, 1, form=form)
    if event.event == "form_abandon" and properties.get("last_field"):
        day.add_part("form_abandons", slot, 1, "field", f"{form} › {properties['last_field']}")


def vital(event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
    value = event.properties.get("value")
    if event.properties.get("name") == "LCP" and isinstance(value, int | float) and value >= 0:
        day.add_part("lcp", slot, 1, event.route or "", bucket(value))


def payment_error(event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
    day.add("payment_errors", slot, 1, error=str(event.properties.get("error_code") or ""), **who(session))


def chat(event: Event, day: DayCells, slot: int, session: OpenSession | None) -> None:
    sentiment = event.properties.get("sentiment")
    if event.properties.get("role", "visitor") in ("visitor", "user") and isinstance(sentiment, int | float):
        day.add("chat_messages", slot, 1)
        day.add("chat_sentiment", slot, sentiment)


TROUBLE: Final[dict[str, Callable[[Event, DayCells, int, OpenSession | None], None]]] = {
    "js_error": js_error,
    "rage_click": click,
    "dead_click": click,
    "quick_back": quick_back,
    "form_start": form_step,
    "form_submit": form_step,
    "form_abandon": form_step,
    "web_vital": vital,
    "payment_error": payment_error,
    "chat_message": chat,
}
