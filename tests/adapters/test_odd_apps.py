"""Apps that no framework would write: what they say passes as it is, whatever it is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import anyio
import flask
import pytest

from opsplug import Engine
from opsplug_flask import OpsPlug
from opsplug_starlette import OpsPlugMiddleware
from tests.contracts.adapter_contract import BROWSER

HTML = [(b"content-type", b"text/html")]
PAGE = b"<html><head></head><body>x</body></html>"
OURS = (b"set-cookie", b"server-timing", b"content-length")


def start(status: int = 200, **more: Any) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(HTML), **more}


def body(text: Any = b"x", more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text, "more_body": more}


BARE_START = {"type": "http.response.start", "status": 200}
ODD: dict[str, tuple[str, list[Any]]] = {
    "no headers": ("GET", [BARE_START, body()]),
    "headers that can be read once": ("GET", [start(headers=((b"content-type", b"text/html"),)), body(b"<p>")]),
    "names in capitals": ("GET", [start(headers=[(b"Content-Type", b"text/html")]), body(b"<p>")]),
    "no body key": ("GET", [start(), {"type": "http.response.body"}]),
    "a bytearray": ("GET", [start(), body(bytearray(b"<p>"))]),
    "a memory view": ("GET", [start(), body(memoryview(b"<p>"))]),
    "an empty page": ("GET", [start(), body(b"")]),
    "parts": ("GET", [start(), body(b"<html>", True), body(b"<head></head>", True), body(b"</html>")]),
    "first part empty": ("GET", [start(), body(b"", True), body(PAGE)]),
    "204": ("GET", [start(204), body(b"")]),
    "304": ("GET", [start(304), body(b"")]),
    "HEAD": ("HEAD", [start(headers=[*HTML, (b"content-length", b"41")]), body(b"")]),
    "a file by its path": ("GET", [start(), {"type": "http.response.pathsend", "path": "/x"}]),
    "trailers": ("GET", [start(trailers=True), body(), {"type": "http.response.trailers", "headers": []}]),
    "debug first": ("GET", [{"type": "http.response.debug", "info": {}}, start(), body(b"<p>")]),
    "not decodable": ("GET", [start(headers=[*HTML, (b"x-odd", b"\xff\xfe")]), body(b"\xff<head>\xfe")]),
    "status of its own": ("GET", [start(299), body(b"<p>")]),
}


async def said(
    app: Any, method: str = "GET", scope_type: str = "http", broken: bool = False, **scope: Any
) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect" if broken else "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if broken and sent:
            raise OSError("the client is gone")
        sent.append(message)

    full = {"type": scope_type, "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": "/p", "raw_path": b"/p", "query_string": b"", "root_path": "", "client": None, "server": None,
            "headers": [(b"user-agent", BROWSER.encode())], **scope}  # fmt: skip
    try:
        await app(full, receive, send)
    except Exception as error:
        sent.append(repr(error))
    return sent


def plain(messages: list[Any]) -> list[Any]:
    """Without what opsplug adds to a start."""
    found = []
    for message in messages:
        if isinstance(message, dict) and "headers" in message and message["type"].endswith("start"):
            kept = [tuple(pair) for pair in message["headers"] if pair[0].lower() not in OURS]
            message = {**message, "headers": kept}
        found.append(message)
    return found


def saying(messages: list[Any], error: Exception | None = None) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(dict(message))
        if error is not None:
            raise error

    return app


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Callable[[Any], Any]]:
    engine = Engine(store=f"sqlite:///{tmp_path}/o.db", testing=True, consent="not_required", discover=False)
    yield lambda app: OpsPlugMiddleware(app, engine=engine)
    engine.flush()
    assert not [name for name in engine.store.counts() if name.startswith("errors.")]
    engine.close()


@pytest.mark.parametrize("name", ODD)
def test_odd_answers_pass(around: Callable[[Any], Any], name: str) -> None:
    method, messages = ODD[name]
    bare = anyio.run(lambda: said(saying(messages), method))
    dressed = anyio.run(lambda: said(around(saying(messages)), method))
    lists = [{**m, "headers": list(m.get("headers", ()))} if m["type"].endswith("start") else m for m in bare]
    assert plain(dressed) == plain(lists)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_shops_exceptions_are_its_own(around: Callable[[Any], Any], count: int) -> None:
    app = saying([start(), body(b"<p>", True), body(b"</p>", True)][:count], ValueError("mine"))
    dressed = anyio.run(lambda: said(around(app)))
    assert dressed[-1] == "ValueError('mine')"


def test_a_client_that_goes_is_the_servers_business(around: Callable[[Any], Any]) -> None:
    assert (
        anyio.run(lambda: said(around(saying([start(), body(PAGE)])), broken=True))[-1]
        == "OSError('the client is gone')"
    )


@pytest.mark.parametrize("kind", ["websocket", "lifespan", "something new"])
def test_other_protocols_pass(around: Callable[[Any], Any], kind: str) -> None:
    messages = [{"type": "websocket.accept"}, {"type": "websocket.close", "code": 1000}]
    assert anyio.run(lambda: said(around(saying(messages)), scope_type=kind)) == messages


def test_one_inside_another_and_two_beside(tmp_path: Path) -> None:
    made = [Engine(store=f"sqlite:///{tmp_path}/{n}.db", testing=True, consent="not_required") for n in range(2)]
    nested = OpsPlugMiddleware(OpsPlugMiddleware(saying([start(), body(PAGE)]), engine=made[0]), engine=made[1])
    messages = anyio.run(lambda: said(nested))
    assert messages[-1]["body"].count(b"<script async") == 1
    for engine in made:
        engine.flush()
        views = [event for batch in engine.store.read_events() for _, event in batch if event.event == "page_view"]
        assert len(views) == 1
        engine.close()


# ---------------------------------------------------------------------- WSGI


def wsgi(app: Any, method: str = "GET") -> tuple[list[Any], bytes, Any]:
    started: list[Any] = []
    environ = {"REQUEST_METHOD": method, "PATH_INFO": "/p", "SCRIPT_NAME": "", "SERVER_NAME": "shop", "SERVER_PORT": "80",
               "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "HTTP_USER_AGENT": BROWSER}  # fmt: skip

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((status, [pair for pair in headers if pair[0].lower().encode() not in OURS]))
        return lambda data: None

    answer = app(environ, start_response)
    text = b"".join(answer)
    with contextlib.suppress(AttributeError):
        answer.close()
    return started, text, answer


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Any]:
    app = flask.Flask("odd", instance_path=str(tmp_path))
    closed: list[bool] = []

    @app.get("/p")
    def page() -> flask.Response:
        def parts() -> Iterator[str]:
            try:
                yield "<p>"
                yield "</p>"
            finally:
                closed.append(True)

        return flask.Response(parts(), mimetype="text/html")

    app.closed = closed  # type: ignore[attr-defined]
    yield app


def attach(app: flask.Flask, folder: Path) -> OpsPlug:
    return OpsPlug(app, store=f"sqlite:///{folder}/o.db", testing=True, consent="not_required")


def test_a_generator_around_the_app_is_one_page_view(shop: flask.Flask, tmp_path: Path) -> None:
    inner = shop.wsgi_app

    def late(environ: Any, start_response: Any) -> Iterable[bytes]:
        yield from inner(environ, start_response)

    shop.wsgi_app = late  # type: ignore[method-assign]
    plug = OpsPlug(
        shop, store=f"sqlite:///{tmp_path}/o.db", testing=True, consent="not_required",
        user_id=lambda request: request.headers["user-agent"],
    )  # fmt: skip
    started, text, _ = wsgi(shop)
    assert started == [("200 OK", [("Content-Type", "text/html; charset=utf-8")])] and text == b"<p></p>"
    plug.engine.flush()
    found = [event for batch in plug.engine.store.read_events() for _, event in batch]
    assert [(event.event, event.user_id is not None) for event in found] == [("page_view", True)]
    assert not [name for name in plug.engine.store.counts() if name.startswith("errors.")]
    plug.engine.close()


def test_a_stream_that_is_left_early_is_closed(shop: flask.Flask, tmp_path: Path) -> None:
    plug = attach(shop, tmp_path)
    answer = shop.wsgi_app(
        {**flask.Flask("x").test_request_context("/p").request.environ}, lambda *given: lambda data: None
    )
    assert next(iter(answer)) == b"<p>"
    answer.close()  # type: ignore[attr-defined]
    assert shop.closed == [True]  # type: ignore[attr-defined]
    plug.engine.close()
