"""`GET openapi.json`: the public addresses, as OpenAPI 3.1. The stats pages are for people and are not listed."""

from typing import Any

from opsplug.capture.visit import Visit
from opsplug.events import MAX_ID
from opsplug.version import __version__
from opsplug.web.cards import PLACEMENTS
from opsplug.web.http import Request, Response, json_response
from opsplug.web.openapi_schemas import ACCEPTED, BEACON, CONVERSATION, ERROR, LIST, NOTED, SAID, about
from opsplug.web.recommendations import MOST


def describe(prefix: str) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "opsplug", "version": __version__},
        "servers": [{"url": prefix}],
        "paths": {
            "/events": {"post": _operation("Report what happened on a page", 202, ACCEPTED, body=BEACON, limited=True)},
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
                    LIST,
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
            "/texts": {
                "get": _operation(
                    "What the widgets say in one language",
                    200,
                    {"type": "object"},
                    parameters=[_parameter("language", {"type": "string"}), _parameter("v", {"type": "string"})],
                )
            },
            **_chat(),
            "/health": {
                "get": _operation("Whether capture works", 200, {"type": "object", "required": ["status"]}, strict=True)
            },
        },
    }


def _chat() -> dict[str, Any]:
    """What the chat widget asks. `POST /chat/desk` is not here: the shop's help desk signs it (docs/inbox.md)."""
    text = {"type": "string"}

    def post(
        summary: str, body: dict[str, Any], answer: dict[str, Any] = CONVERSATION, status: int = 200
    ) -> dict[str, Any]:
        return {"post": _operation(summary, status, answer, body=body, limited=True, of_visitor=True)}

    return {
        "/chat/conversation": {"get": _operation("The visitor's last conversation", 200, CONVERSATION)},
        "/chat/messages": {
            "get": _operation(
                "What was said after a message; waits for something to be said",
                200,
                CONVERSATION,
                parameters=[
                    _parameter("conversation_id", text),
                    _parameter("after", {**text, "description": "a message's id"}),
                    _parameter("state", {**text, "description": "the state that is known: another one is news, too"}),
                    _parameter("wait", {"type": "number", "minimum": 0, "maximum": 20, "description": "seconds"}),
                ],
                of_visitor=True,
            ),
            **post("Say something", SAID),
        },
        "/chat/human": post("Ask for a person", about()),
        "/chat/contact": post("Where to answer later", about(address=text)),
        "/chat/transcript": post("Send the conversation by mail", about(address=text), NOTED, 202),
        "/chat/feedback": post("Whether an answer helped", about(message_id=text, helpful={"type": "boolean"}), NOTED),
        "/chat/csat": post("How it was", about(score={"type": "integer", "minimum": 1, "maximum": 5}), NOTED),
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
    of_visitor: bool = False,
    strict: bool = False,
) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": summary}
    if schema is not None:
        answer["content"] = {"application/json": {"schema": schema}}
    responses: dict[str, Any] = {str(status): answer}
    if not strict:
        responses.update({"400": ERROR, "503": ERROR})
    if of_visitor:
        responses["404"] = ERROR
    if limited:
        responses.update({"403": ERROR, "413": ERROR, "429": ERROR})
    operation: dict[str, Any] = {"summary": summary, "responses": responses}
    if body is not None:
        content = {"application/json": {"schema": body}, "text/plain": {"schema": body}}
        operation["requestBody"] = {"required": True, "content": content}
    if parameters:
        operation["parameters"] = parameters
    return operation
