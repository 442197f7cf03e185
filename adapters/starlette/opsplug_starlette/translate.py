"""ASGI's scope to our request, our response to ASGI messages."""

from collections.abc import Iterator
from typing import Any

import anyio.to_thread
from starlette.requests import Request as StarletteRequest
from starlette.types import Receive, Scope, Send

from opsplug.web.http import Request, Response

_DONE = object()


async def to_request(scope: Scope, receive: Receive, path: str, root: str, limit: int) -> Request:
    """`path` is relative to our prefix; reading stops once the body is larger than `limit` bytes."""
    body = b""
    more = True
    while more and len(body) <= limit:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=path,
        root=root.rstrip("/"),
        query_string=scope.get("query_string", b"").decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
        scheme=scope.get("scheme", "http"),
        client=client[0] if client else "",
        native=StarletteRequest(scope),
    )


async def send_response(response: Response, send: Send, *, head: bool) -> None:
    headers = [("content-type", response.content_type), *response.headers]
    if response.stream is None:
        headers.append(("content-length", str(len(response.body))))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    if response.stream is None or head:
        await send({"type": "http.response.body", "body": b"" if head else response.body})
        return
    chunks: Iterator[bytes] = iter(response.stream)
    while (chunk := await anyio.to_thread.run_sync(next, chunks, _DONE)) is not _DONE:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


class StarletteHost:
    """Answers the questions of `opsplug.capture.visit.Host` about one scope."""

    __slots__ = ("scope",)

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def native(self) -> Any:
        return StarletteRequest(self.scope)

    def session_user(self) -> Any:
        """From SessionMiddleware or AuthenticationMiddleware, both of which write into the scope."""
        session = self.scope.get("session")
        if session:
            found = dict.get(session, "_user_id") or dict.get(session, "user_id")
            if found:
                return found
        user = self.scope.get("user")
        if user is None or not getattr(user, "is_authenticated", False):
            return None
        return getattr(user, "id", None) or getattr(user, "username", None)
