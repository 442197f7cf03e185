"""A small shop on each framework behind its real server, on a socket of its own, in this process."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opsplug import Engine

FRAMEWORKS = ("flask", "starlette")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
PAGE = "<!doctype html><html><head><title>Shop</title></head><body>Hello</body></html>"
LONGEST = 60.0  # seconds that any one answer may take


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]  # names in lower case
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]

    def header(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Site:
    """A running shop. `request` opens a connection of its own, as one of many visitors would."""

    port: int
    engine: Engine

    def request(
        self, path: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST)
        try:
            connection.request(method, path, body=body, headers={"User-Agent": BROWSER, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, [(n.lower(), v) for n, v in answer.getheaders()], answer.read())
        finally:
            connection.close()


@dataclass
class Browser:
    """Somebody with cookies, who may be logged in (the shop believes the header X-User)."""

    site: Site
    user: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.user:
            sent["X-User"] = self.user
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.site.request(path, method, body, sent)
        for cookie in answer.all("set-cookie"):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value and "max-age=0" not in cookie.lower():
                self.cookies[name] = value
        return answer

    def post(self, path: str, said: Any, **headers: str) -> Answer:
        return self.send(path, "POST", json.dumps(said).encode(), **headers)


Open = Callable[..., Site]


@contextmanager
def sites(framework: str, folder: Path) -> Iterator[Open]:
    """`open(**settings)` starts a shop; all are stopped at the end."""
    stops: list[Callable[[], None]] = []
    start = {"flask": _flask, "starlette": _starlette}[framework]

    def open_site(pages: Mapping[str, str] | None = None, **settings: Any) -> Site:
        place = folder / f"shop{len(stops)}"
        place.mkdir()
        settings = {"store": f"sqlite:///{place}/o.db", "train_every": 0, "consent": "not_required", **settings}
        site, stop = start(dict(pages or {"/page": PAGE}), settings)
        stops.append(stop)
        return site

    try:
        yield open_site
    finally:
        for stop in stops:
            stop()


def _flask(pages: Mapping[str, str], settings: dict[str, Any]) -> tuple[Site, Callable[[], None]]:
    from flask import Flask
    from werkzeug.serving import make_server

    from opsplug_flask import OpsPlug

    app = Flask("shop", static_folder=None)
    plug = OpsPlug(app, **settings)
    for path, page in pages.items():
        app.add_url_rule(path, path, lambda page=page: page)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join(LONGEST)
        server.server_close()
        plug.engine.close()

    return Site(server.server_port, plug.engine), stop


def _starlette(pages: Mapping[str, str], settings: dict[str, Any]) -> tuple[Site, Callable[[], None]]:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    from opsplug_starlette import OpsPlugMiddleware

    def endpoint(page: str) -> Any:
        async def answer(request: Any) -> HTMLResponse:
            return HTMLResponse(page)

        return answer

    engine = Engine(**settings)
    app = Starlette(routes=[Route(path, endpoint(page)) for path, page in pages.items()])
    app.add_middleware(OpsPlugMiddleware, engine=engine)
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_level="critical", lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + LONGEST
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    def stop() -> None:
        server.should_exit = True
        thread.join(LONGEST)
        engine.close()

    return Site(port, engine), stop


def stored(site: Site, count: int) -> list[Any]:
    """All events, once there are `count` of them: an answer may arrive before the shop has put its page down."""
    deadline = time.monotonic() + LONGEST
    while True:
        assert site.engine.flush()
        found = [event for batch in site.engine.store.read_events(audience=None) for _, event in batch]
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, f"{len(found)} of {count} events came"
