"""The JSON that openapi.json describes."""

from typing import Any

from opsplug.capture.beacon import MAX_EVENTS
from opsplug.capture.sanitize import MAX_ITEMS
from opsplug.events import BROWSER_EVENTS, MAX_ID

ERROR = {
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
BEACON = {
    "type": "object",
    "required": ["events"],
    "properties": {
        "schema": {"const": "opsplug/1"},
        "sent_at": {"type": "number", "description": "epoch milliseconds on the browser's clock"},
        "events": {"type": "array", "maxItems": MAX_EVENTS, "items": _EVENT},
    },
}
ACCEPTED = {
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
LIST = {
    "type": "object",
    "required": ["recommendation_id", "model", "rung", "items"],
    "properties": {
        "recommendation_id": {"type": "string"},
        "model": {"type": "string"},
        "rung": {"enum": ["catalogue", "popular", "item", "session", "personal"]},
        "title": {"type": "string"},
        "language": {"type": "string", "description": "of title, reasons and prices"},
        "texts": {"type": "object", "description": "what the widget itself says"},
        "note": {"type": "string", "description": "why the list is shorter than asked for, else empty"},
        "holdout": {"type": "boolean", "description": "a list to compare with: popular items only"},
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
SAID = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 4000},
        "conversation_id": {"type": ["string", "null"]},
        "message_id": {"type": ["string", "null"], "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "language": {"type": ["string", "null"]},
    },
}
CONVERSATION = {
    "type": "object",
    "required": ["conversation_id", "messages", "state", "language"],
    "properties": {
        "conversation_id": {"type": ["string", "null"]},
        "state": {"enum": ["bot", "waiting", "human", "closed"]},
        "language": {"type": "string"},
        "messages": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "role", "text", "at"],
                "properties": {
                    "id": {"type": "string"},
                    "role": {"enum": ["visitor", "assistant", "agent", "system"]},
                    "name": {"type": ["string", "null"]},
                    "text": {"type": "string"},
                    "sources": {"type": "array", "items": {"type": "object"}},
                    "items": {"type": "array", "items": {"type": "object"}},
                    "at": {"type": "integer", "description": "epoch milliseconds"},
                },
            },
        },
    },
}
NOTED = {"type": "object", "required": ["conversation_id"], "properties": {"conversation_id": {"type": "string"}}}


def about(**more: Any) -> dict[str, Any]:
    """A body that says which conversation it is about, and more."""
    return {"type": "object", "properties": {"conversation_id": {"type": "string"}, **more}}
