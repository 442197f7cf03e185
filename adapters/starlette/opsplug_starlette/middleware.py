"""The pure ASGI middleware: messages on one side, `Engine` on the other, no rule of its own."""

from collections.abc import Iterable
from contextvars import ContextVar
from copy import copy
from typing import TYPE_CHECKING, Any, cast

import anyio.to_thread
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opsplug.engine import Engine
from opsplug_starlette.routes import Routes
from opsplug_starlette.translate import StarletteHost, cookies, in_thread, send_response, to_request

_serving: ContextVar[Engine | None] = ContextVar("opsplug_engine", default=None)
_latest: list[Engine] = []
_MARK = "opsplug"  # in the scope: the stores in which this request is counted already


class OpsPlugMiddleware:
    """opsplug as ASGI middleware: `app.add_middleware(OpsPlugMiddleware)`.

    Bodies of requests are never read, answers are passed on as they come; only a complete HTML page may gain one tag.

    Parameters
    ----------
    app : ASGIApp
    engine : Engine, optional
        One that was made beforehand, instead of settings.
    **settings
        The fields of `Settings`; they win over the environment.

    Raises
    ------
    SettingsError
        A setting is unknown or malformed.
    """

    if TYPE_CHECKING:  # newer versions of Starlette pass `app` by place and say so in types, older ones by name

        def __init__(self, app: ASGIApp, /, engine: Engine | None = None, **settings: Any) -> None: ...

    else:

        def __init__(self, app: ASGIApp, engine: Engine | None = None, **settings: Any) -> None:
            self._attach(app, engine, settings)

    def _attach(self, app: ASGIApp, engine: Engine | None, settings: dict[str, Any]) -> None:
        self.app = app
        self.engine = engine if engine is not None else Engine(**settings)
        self._prefix = self.engine.settings.prefix + "/"
        self._enabled = self.engine.settings.enabled
        self._routes, self._who = Routes(), _who(app)
        self._developer_pages: frozenset[str] | None = None
        _latest[:] = [self.engine]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self.app(scope, receive, self._until_shutdown(send))
            return
        if kind != "http" or not self._enabled:
            _serving.set(self.engine)
            await self.app(scope, receive, send)
            return
        engine = self.engine
        store, counting = engine.settings.store, scope.get(_MARK, ())
        if store in counting:  # added twice, say to the app and to a router: one counts
            await self.app(scope, receive, send)
            return
        scope[_MARK] = (*counting, store)
        root = scope.get("root_path", "")
        path = scope["path"]
        if root and path.startswith(root):
            path = path[len(root) :] or "/"
        _serving.set(engine)
        if path.startswith(self._prefix):
            with engine.guard("start"):
                engine.start()
            await self._ours(scope, receive, send, path[len(self._prefix) - 1 :], root)
            return
        if path in self._own_pages(scope):
            await self.app(scope, receive, send)
            return
        visit = None
        try:  # as guards do, without the price of a context manager for each of the three hooks of a request
            engine.start()
            visit = self._begin(scope, path, root)
        except Exception as error:
            engine.guard.swallowed("begin", error)
        if visit is None:
            await self.app(scope, receive, send)
            return
        answer = _Answer(engine, visit, send)
        if engine.callables.are_awaited:
            with engine.guard("begin"):
                await self._who(scope, receive, _nothing)
                await engine.callables.await_answers(visit)
        try:
            await self.app(scope, receive, answer.send)
        except BaseException:
            visit.status = 500
            raise
        finally:
            try:
                visit.route, visit.params = self._routes.of(scope, visit.path)
                engine.observer.leave(visit)
            except Exception as error:
                engine.guard.swallowed("finish", error)

    def _own_pages(self, scope: Scope) -> frozenset[str]:
        """The pages that FastAPI itself makes for developers: its documentation is none of the shop's."""
        if self._developer_pages is None:
            app = scope.get("app")
            names = ("docs_url", "redoc_url", "openapi_url", "swagger_ui_oauth2_redirect_url")
            found = (getattr(app, name, None) for name in names)
            self._developer_pages = frozenset(address for address in found if isinstance(address, str))
        return self._developer_pages

    def _begin(self, scope: Scope, path: str, root: str) -> Any:
        headers = scope["headers"]
        found = dict(headers)
        get = found.get
        cookie = get(b"cookie", b"")
        if cookie and len(found) < len(headers):
            cookie = cookies(headers)
        purpose = get(b"sec-purpose") or get(b"purpose") or get(b"x-moz") or b""
        client = scope.get("client")
        return self.engine.observer.enter(
            StarletteHost(scope), scope["method"], path, root, scope["scheme"] == "https",
            get(b"user-agent", b"").decode("latin-1"), cookie.decode("latin-1"), purpose.decode("latin-1"),
            get(b"dnt") == b"1" or get(b"sec-gpc") == b"1", get(b"accept-language", b"").decode("latin-1"),
            get(b"referer", b"").decode("latin-1"), scope["query_string"].decode("latin-1"),
            client[0] if client else "", get(b"x-forwarded-for", b"").decode("latin-1"),
        )  # fmt: skip

    async def _ours(self, scope: Scope, receive: Receive, send: Send, path: str, root: str) -> None:
        """One of opsplug's own addresses; the work may read the store, so it leaves the event loop."""
        web = self.engine.web
        with self.engine.guard("session"):
            await self._who(scope, receive, _nothing)
        request = await to_request(scope, receive, path, root, web.max_body)
        host = StarletteHost(scope)
        response = await in_thread(web.handle, request, host)
        await send_response(response, receive, send, head=scope["method"] == "HEAD")

    def _until_shutdown(self, send: Send) -> Send:
        async def watch(message: Message) -> None:
            if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
                await anyio.to_thread.run_sync(self.engine.close)
            await send(message)

        return watch


class _Answer:
    """The shop's answer on its way out. Only a page that may gain the tag waits for its first body message."""

    __slots__ = ("_held", "_json", "_send", "engine", "visit")

    def __init__(self, engine: Engine, visit: Any, send: Send) -> None:
        self.engine = engine
        self.visit = visit
        self._send = send
        self._held: Message | None = None
        self._json: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            visit = self.visit
            message.setdefault("headers", [])  # ASGI lets an app leave them out
            if message["status"] == 200 and visit.method == "GET":
                media = _header(message["headers"], b"content-type")
                if media.startswith(b"text/html"):
                    self._held = message
                    return
                self._json = message if media.startswith(b"application/json") else None
            await self._dress(message, is_page=False)
            if visit.tickets:
                await self._settled()
        elif self._held is not None:
            await self._page(self._held, message)
            return
        elif self._json is not None:
            self._answer(self._json, message)
        await self._send(message)

    def _answer(self, start: Message, message: Message) -> None:
        """The shop's own JSON, where it comes in one piece."""
        self._json = None
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            with self.engine.guard("page"):
                header = lambda name: _header(start["headers"], name.encode()).decode("latin-1") or None  # noqa: E731
                self.engine.pages.read_json(self.visit, header, lambda: message.get("body", b""))

    async def _page(self, start: Message, message: Message) -> None:
        """The first part of a page: complete, it may gain the tag; else both messages pass as they are."""
        self._held = None
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            body: bytes = message.get("body", b"")
            with self.engine.guard("page"):
                page = self.engine.pages.read(self.visit, start["status"], headers, lambda: body)
                if page is not None:
                    message = {**message, "body": page}
                    _replace_header(start, b"content-length", str(len(page)).encode())
        await self._dress(start, is_page=True)
        if self.visit.tickets:
            await self._settled()
        await self._send(start)
        await self._send(message)

    async def _dress(self, message: Message, *, is_page: bool) -> None:
        """Add our headers to the answer's."""
        visit = self.visit
        engine = self.engine
        try:
            if engine.callables.are_awaited:  # the handler may have logged somebody in
                await engine.callables.await_answers(visit)
            headers = message["headers"]
            added = engine.observer.respond(
                visit, message["status"], is_page, lambda: _header(headers, b"cache-control").decode("latin-1")
            )
            if added:
                message["headers"] = [*headers, *_encoded(added)]
            if visit.private:
                _replace_header(message, b"cache-control", b"private, no-store")
        except Exception as error:
            engine.guard.swallowed("respond", error)

    async def _settled(self) -> None:
        """Until what must not be lost is on the disk."""
        try:
            await anyio.to_thread.run_sync(self.engine.settle, self.visit.tickets)
        except Exception as error:
            self.engine.guard.swallowed("settle", error)


def current_engine() -> Engine:
    """Find the engine that serves the current request; outside of one, that of the app that was started last.

    Returns
    -------
    Engine

    Raises
    ------
    RuntimeError
        No app with the middleware was started.
    """
    engine = _serving.get() or (_latest[0] if _latest else None)
    if engine is None:
        raise RuntimeError("there is no engine yet: add OpsPlugMiddleware to the app and start it")
    return engine


def context(request: Request) -> dict[str, Any]:
    """Give templates the helpers: `Jinja2Templates(directory, context_processors=[opsplug_starlette.context])`.

    Parameters
    ----------
    request : Request

    Returns
    -------
    dict
        `opsplug`, with `recommendations()`, `chat()` and `snippet()`.
    """
    return {"opsplug": current_engine().helpers}


async def _nothing(*_: Any) -> None: ...


def _who(app: Any) -> ASGIApp:
    """The shop's middlewares below ours that write into the scope who is logged in, without the shop behind them."""
    if app is None:
        return _nothing
    below = _who(getattr(app, "app", None))
    if type(app).__name__ not in ("SessionMiddleware", "AuthenticationMiddleware"):
        return below
    alone = copy(app)
    alone.app = below
    return cast("ASGIApp", alone)


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    for found, value in headers:  # names are in lower case, as ASGI asks
        if found == name:
            return value
    return b""


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _replace_header(message: Message, name: bytes, value: bytes) -> None:
    kept = [pair for pair in message["headers"] if pair[0].lower() != name]
    message["headers"] = [*kept, (name, value)]
