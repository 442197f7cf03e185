"""ASGI's scope to our request, our response to ASGI messages."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar
from starlette.requests import Request as StarletteRequest
from starlette.types import Message, Receive, Scope, Send

from opsplug.web.http import Request, Response, Watch

_threads: RunVar[anyio.CapacityLimiter | None] = RunVar("opsplug_threads")


async def to_request(scope: Scope, receive: Receive, path: str, root: str, limit: int) -> Request:
    """`path` is relative to our prefix; reading stops once the body is larger than `limit` bytes."""
    body, more = b"", True
    while more and len(body) <= limit:
        message = await receive()
        more = message.get("more_body", False)  # who hangs up meanwhile has said nothing: half a message is none
        body = body + message.get("body", b"") if message["type"] == "http.request" else b""
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=path,
        root=root.rstrip("/"),
        query_string=scope.get("query_string", b"").decode("latin-1"),
        headers=_one_line_each(scope["headers"]),
        body=body,
        scheme=scope.get("scheme", "http"),
        client=client[0] if client else "",
        native=StarletteRequest(scope),
    )


def cookies(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """All lines of the Cookie header as one: HTTP/2 sends each cookie on its own (RFC 9113, 8.2.3)."""
    return b"; ".join(value for name, value in headers if name == b"cookie")


def _one_line_each(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    lines: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        lines[name] = f"{lines[name]}{'; ' if name == 'cookie' else ', '}{value}" if name in lines else value
    return lines


async def send_response(response: Response, receive: Receive, send: Send, *, head: bool) -> None:
    headers = [("content-type", response.content_type), *response.headers]
    if response.watch is None or head:
        headers.append(("content-length", str(len(response.body))))
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    start: Message = {"type": "http.response.start", "status": response.status, "headers": raw}
    if response.watch is not None and not head:
        await _send_watch(response.watch, start, receive, send)
        return
    await send(start)
    await send({"type": "http.response.body", "body": b"" if head else response.body})


async def in_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    """Off the event loop, on threads of our own number: the shop's are for its pages, however many ask us."""
    _threads.set(limiter := _threads.get(None) or anyio.CapacityLimiter(20))
    return await anyio.to_thread.run_sync(work, *arguments, limiter=limiter)


async def _send_watch(watch: Watch, start: Message, receive: Receive, send: Send) -> None:
    """Waits on the event loop; a thread is busy only while it looks. Ends when the client goes."""
    if watch.lasting:
        await send(start)
    with watch.place() as may_wait:
        deadline = anyio.current_time() + (watch.seconds if may_wait else 0)
        while True:
            over = anyio.current_time() >= deadline
            word = await in_thread(watch.poll, over)
            last = over or word == b"" or (word is not None and not watch.lasting)
            if last and not watch.lasting:
                await send(start)
            if word or last:
                await send({"type": "http.response.body", "body": word or b"", "more_body": not last})
            if last or await _gone(receive, watch.every):
                return


async def _gone(receive: Receive, seconds: float) -> bool:
    """Whether the client went within so many seconds."""
    with anyio.move_on_after(seconds):
        while (await receive())["type"] != "http.disconnect":
            await anyio.sleep(seconds)
        return True
    return False


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class StarletteHost:
    """Answers the questions of `opsplug.capture.visit.Host` about one scope."""

    __slots__ = ("loop", "scope")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.loop = _running_loop()  # None under trio

    def native(self) -> Any:
        return StarletteRequest(self.scope)

    def netloc(self) -> str:
        return next((value for name, value in self.scope["headers"] if name == b"host"), b"").decode("latin-1")

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
