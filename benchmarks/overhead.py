"""CPU that opsplug adds to one request, beside what metrics exporters add: `python benchmarks/overhead.py`.

Bare and plugged app answer in turn, request by request, in one thread; the cost of a request is that thread's CPU
time. "Added" is the difference of the two answers of one pair: its median and 99th percentile. Everything is on: route
template, identity from a cookie, consent, crawler check; the exception path is measured too. Peers (if installed) run
in the same run, and so does a second bare app in the place of the plugged one: what that "adds" is noise.

The rows with "page" are a 27 KB HTML page into which the tag goes: what most requests of a shop are.

Without --rate the pairs follow each other at once, and each page view is stored meanwhile by the writer's thread. With
it they come as a server's requests do, after a wait that lets caches grow cold: both apps and the peers cost more.
"""

import argparse
import asyncio
import contextlib
import io
import logging
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
COOKIE = "theme=dark; opsplug_id={}.{}.{:x}.-".format("a" * 20, "b" * 20, int(time.time() // 60))
HEADERS = {
    "host": "shop.example",
    "user-agent": BROWSER,
    "accept": "text/html,application/xhtml+xml",
    "accept-language": "en-GB,en;q=0.7",
    "accept-encoding": "gzip, deflate, br",
    "referer": "http://shop.example/category/mugs",
    "cookie": COOKIE,
}
Call = Callable[[], None]
CARD = (
    '<div class="col-md-4"><div class="card"><a href="/item/{0}"><img src="/static/img/{0}.jpg" alt="Product {0}"></a>'
    '<div class="card-body"><h5 class="card-title"><a href="/item/{0}">Product number {0}</a></h5>'
    '<p class="card-text">A short text that says what this product is and why somebody may want it.</p>'
    '<span class="price">EUR {0}.90</span> <button data-id="{0}">Add to cart</button></div></div></div>\n'
)
PAGE = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Shop</title>\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    + "".join(f'<link rel="stylesheet" href="/static/{name}.css">\n' for name in ("bootstrap", "icons", "shop"))
    + "".join(f'<script defer src="/static/{name}.js"></script>\n' for name in ("jquery", "bootstrap", "shop"))
    + "</head><body><header><nav><ul><li><a href='/'>Home</a></li></ul></nav></header><main><div class='row'>\n"
    + "".join(CARD.format(number) for number in range(100, 166))
    + "</div></main></body></html>\n"
)


def asgi_call(app: Any, path: str) -> Call:
    raw = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    loop = asyncio.new_event_loop()
    base = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        return None

    async def once() -> None:
        with contextlib.suppress(ValueError):
            await app(
                {**base, "path": path, "raw_path": path.encode(), "headers": list(raw), "state": {}}, receive, send
            )

    def call() -> None:
        coroutine = once()
        try:
            coroutine.send(None)
        except StopIteration:
            return
        coroutine.close()
        loop.run_until_complete(once())

    return call


def wsgi_call(app: Any, path: str) -> Call:
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in HEADERS.items()} | {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "shop.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }

    def start(status: str, headers: Any, exc: Any = None) -> Callable[[bytes], None]:
        return lambda data: None

    def call() -> None:
        answer = app({**environ, "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()}, start)
        for _ in answer:
            pass
        if hasattr(answer, "close"):
            answer.close()

    return call


def starlette_app() -> Any:
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, PlainTextResponse
    from starlette.routing import Route

    async def item(request: Any) -> Any:
        return PlainTextResponse("ok")

    async def page(request: Any) -> Any:
        return HTMLResponse(PAGE)

    async def boom(request: Any) -> Any:
        raise ValueError("the shop's own fault")

    return Starlette(routes=[Route("/item/{item_id}", item), Route("/page", page), Route("/boom", boom)])


def flask_app() -> Any:
    import flask

    app = flask.Flask("overhead", static_folder=None)
    app.add_url_rule("/item/<item_id>", "item", lambda item_id: ("ok", {"Content-Type": "text/plain"}))

    app.add_url_rule("/page", "page", lambda: PAGE)

    def boom() -> str:
        raise ValueError("the shop's own fault")

    app.add_url_rule("/boom", "boom", boom)
    return app


def plugged_starlette(folder: str) -> Any:
    from opsplug_starlette import OpsPlugMiddleware

    app = starlette_app()
    app.add_middleware(OpsPlugMiddleware, store=f"sqlite:///{folder}/a.db", consent="not_required", train_every=0)
    return app


def plugged_flask(folder: str) -> Any:
    from opsplug_flask import OpsPlug

    app = flask_app()
    OpsPlug(app, store=f"sqlite:///{folder}/b.db", consent="not_required", train_every=0)
    return app


def exporter_starlette() -> Any:
    from starlette_exporter import PrometheusMiddleware

    app = starlette_app()
    app.add_middleware(PrometheusMiddleware, group_paths=True)
    return app


def exporter_flask() -> Any:
    from prometheus_flask_exporter import PrometheusMetrics

    app = flask_app()
    PrometheusMetrics(app, group_by="url_rule")
    return app


def added(bare: Call, plugged: Call, requests: int, rate: float) -> tuple[float, float, float]:
    """(median of the bare request, median and 99th percentile of what is added), in microseconds."""
    clock, base, differences = time.thread_time_ns, [], []
    server, client = socket.socketpair()
    due = time.perf_counter()
    for turn in range(-300, requests):
        if rate:
            due += 1 / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            client.send(b"x")
            server.recv(1)  # where a server lets other threads have the interpreter
        first, second = (bare, plugged) if turn % 2 else (plugged, bare)
        start = clock()
        first()
        middle = clock()
        second()
        end = clock()
        one, two = middle - start, end - middle
        cost, other = (one, two) if turn % 2 else (two, one)
        if turn >= 0:
            base.append(cost / 1000)
            differences.append((other - cost) / 1000)
    server.close()
    client.close()
    cuts = statistics.quantiles(differences, n=100)
    return statistics.median(base), cuts[49], cuts[98]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=0.0, help="pairs a second; 0: as fast as they go")
    chosen = parser.parse_args()
    requests = chosen.requests
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        rows: list[tuple[str, Callable[[], Call], Callable[[], Call]]] = []
        for path, what in (("/page", ", page"), ("/item/42", ""), ("/boom", ", exception")):
            rows += [
                (
                    f"Starlette, opsplug{what}",
                    lambda p=path: asgi_call(starlette_app(), p),
                    lambda p=path: asgi_call(plugged_starlette(folder), p),
                ),
                (
                    f"Flask, opsplug{what}",
                    lambda p=path: wsgi_call(flask_app(), p),
                    lambda p=path: wsgi_call(plugged_flask(folder), p),
                ),
            ]
        rows += [
            (
                "Starlette, nothing (noise)",
                lambda: asgi_call(starlette_app(), "/item/42"),
                lambda: asgi_call(starlette_app(), "/item/42"),
            ),
            (
                "Flask, nothing (noise)",
                lambda: wsgi_call(flask_app(), "/item/42"),
                lambda: wsgi_call(flask_app(), "/item/42"),
            ),
            (
                "Starlette, starlette_exporter",
                lambda: asgi_call(starlette_app(), "/item/42"),
                lambda: asgi_call(exporter_starlette(), "/item/42"),
            ),
            (
                "Flask, prometheus-flask-exporter",
                lambda: wsgi_call(flask_app(), "/item/42"),
                lambda: wsgi_call(exporter_flask(), "/item/42"),
            ),
        ]
        print(f"{'':36} {'bare':>8} {'added p50':>10} {'added p99':>10}   us of CPU, {requests} pairs")
        for name, bare, plugged in rows:
            try:
                pair = bare(), plugged()
            except ImportError as error:
                print(f"{name:36} not measured: {error}")
                continue
            base, median, tail = added(*pair, requests, chosen.rate)
            print(f"{name:36} {base:8.1f} {median:10.1f} {tail:10.1f}")


if __name__ == "__main__":
    main()
