"""`GET openapi.json`: the public addresses, as OpenAPI 3.1. The admin pages are for people and are not listed."""

from typing import Any

from opsplug.capture.beacon import MAX_EVENTS
from opsplug.capture.visit import Visit
from opsplug.events import BROWSER_EVENTS, MAX_ID, MAX_ITEMS
from opsplug.version import __version__
from opsplug.web.cards import PLACEMENTS
from opsplug.web.http import Request, Response, json_response
from opsplug.web.recommendations import MOST

_ERROR = {
    "description": "One sentence that says what does not fit.",
    "content": {
        "application/json": {
            "schema": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
        }
    },
}
_ID = {"type": "string", "minLength": 1, "maxLength": MAX_ID}
_AMOUNT = {"type": "number", "minimum": 0, "exclusiveMaximum": 1e12}
_ITEM = {
    "type": "object",
    "required": ["item_id"],
    "properties": {"item_id": _ID, "price": _AMOUNT, "quantity": _AMOUNT, "index": {"type": "integer", "minimum": 0}},
}
_EVENT = {
    "type": "object",
    "required": ["event", "event_id"],
    "properties": {
        "event": {"enum": sorted(BROWSER_EVENTS)},
        "event_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
        "timestamp": {"type": "number", "description": "epoch milliseconds on the browser's clock"},
        "page_view_id": {"type": "string", "maxLength": 64},
        "route": {"type": "string"},
        "path": {"type": "string"},
        "properties": {
            "type": "object",
            "properties": {"items": {"type": "array", "maxItems": MAX_ITEMS, "items": _ITEM}},
        },
    },
}
_BEACON = {
    "type": "object",
    "required": ["events"],
    "properties": {
        "schema": {"const": "opsplug/1"},
        "sent_at": {"type": "number", "description": "epoch milliseconds on the browser's clock"},
        "events": {"type": "array", "maxItems": MAX_EVENTS, "items": _EVENT},
    },
}
_ACCEPTED = {
    "type": "object",
    "required": ["accepted", "rejected"],
    "properties": {
        "accepted": {"type": "integer"},
        "rejected": {
            "type": "array",
            "items": {"type": "object", "properties": {"index": {"type": "integer"}, "reason": {"type": "string"}}},
        },
    },
}
_LIST = {
    "type": "object",
    "required": ["recommendation_id", "model", "rung", "items"],
    "properties": {
        "recommendation_id": {"type": "string"},
        "model": {"type": "string"},
        "rung": {"enum": ["catalogue", "popular", "item", "session", "personal"]},
        "title": {"type": "string"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["item_id", "score", "reason_code", "reason"],
                "properties": {
                    "item_id": {"type": "string"},
                    "score": {"type": "number"},
                    "reason_code": {"type": "string"},
                    "reason": {"type": "string"},
                },
            },
        },
    },
}


def describe(prefix: str) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "opsplug", "version": __version__},
        "servers": [{"url": prefix}],
        "paths": {
            "/events": {
                "post": _operation("Report what happened on a page", 202, _ACCEPTED, body=_BEACON, limited=True)
            },
            "/consent": {
                "post": _operation(
                    "Remember whether this visitor may be recognised",
                    204,
                    None,
                    body={"type": "object", "additionalProperties": {"type": "boolean"}},
                    limited=True,
                )
            },
            "/recommendations": {
                "get": _operation(
                    "The current visitor's list",
                    200,
                    _LIST,
                    parameters=[
                        _parameter("placement", {"enum": list(PLACEMENTS), "default": "home"}),
                        _parameter("item_id", {"type": "string", "maxLength": MAX_ID}),
                        _parameter("k", {"type": "integer", "minimum": 1, "maximum": MOST, "default": 8}),
                        _parameter("language", {"type": "string"}),
                        _parameter("exclude", {"type": "string", "description": "item ids, with commas between"}),
                        _parameter("cart", {"type": "string", "description": "item ids, with commas between"}),
                    ],
                )
            },
            "/health": {
                "get": _operation("Whether capture works", 200, {"type": "object", "required": ["status"]}, strict=True)
            },
        },
    }


class OpenApi:
    """The document as a route."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def get(self, request: Request, visit: Visit) -> Response:
        return json_response(describe(request.root + self._prefix))


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _operation(
    summary: str,
    status: int,
    schema: dict[str, Any] | None,
    *,
    body: dict[str, Any] | None = None,
    parameters: list[dict[str, Any]] | None = None,
    limited: bool = False,
    strict: bool = False,
) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": summary}
    if schema is not None:
        answer["content"] = {"application/json": {"schema": schema}}
    responses: dict[str, Any] = {str(status): answer}
    if not strict:
        responses["400"] = _ERROR
    if limited:
        responses.update({"403": _ERROR, "413": _ERROR, "429": _ERROR})
    operation: dict[str, Any] = {"summary": summary, "responses": responses}
    if body is not None:
        content = {"application/json": {"schema": body}, "text/plain": {"schema": body}}
        operation["requestBody"] = {"required": True, "content": content}
    if parameters:
        operation["parameters"] = parameters
    return operation
