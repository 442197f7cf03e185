"""The same shop on Starlette, and the fixture that builds shops of it."""

import gzip
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.templating import Jinja2Templates
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from opsplug_starlette import OpsPlugMiddleware, context, current_engine
from tests.contracts.adapter_contract import ITEMS, Answer, Build
from tests.support.flask_shop import HELPERS, ITEM_PAGE, PAGE, PERSONAL


def shop_routes(folder: Path) -> list[Any]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("item", ITEM_PAGE), ("helpers", HELPERS), ("personal", PERSONAL)):
        (folder / f"{name}.html").write_text(text)
    templates = Jinja2Templates(folder, context_processors=[context])

    async def page(request: Request) -> Response:
        return HTMLResponse(PAGE)

    def product(request: Request) -> Response:
        return templates.TemplateResponse(request, "item.html", {"item_id": request.path_params["item_id"]})

    def helpers(request: Request) -> Response:
        return templates.TemplateResponse(request, "helpers.html")

    async def personal(request: Request) -> Response:
        return templates.TemplateResponse(request, "personal.html")

    async def nonce(request: Request) -> Response:
        return HTMLResponse(PAGE, headers={"Content-Security-Policy": "script-src 'nonce-n0nce'"})

    async def closed_policy(request: Request) -> Response:
        return HTMLResponse(PAGE, headers={"Content-Security-Policy": "script-src 'none'"})

    async def cached(request: Request) -> Response:
        return HTMLResponse(PAGE, headers={"Cache-Control": "public, max-age=60"})

    async def fragment(request: Request) -> Response:
        return HTMLResponse("<p>a part of a page</p>")

    async def stream(request: Request) -> Response:
        async def parts() -> AsyncIterator[str]:
            for part in (PAGE[:40], PAGE[40:]):
                yield part

        return StreamingResponse(parts(), media_type="text/html")

    async def json(request: Request) -> Response:
        return JSONResponse({"html": PAGE})

    async def encoded(request: Request) -> Response:
        packed = gzip.compress(PAGE.encode(), mtime=0)
        return Response(packed, media_type="text/html", headers={"Content-Encoding": "gzip"})

    async def file(request: Request) -> Response:
        return FileResponse(__file__, media_type="text/html")

    async def echo(request: Request) -> Response:
        return Response(await request.body())

    async def boom(request: Request) -> Response:
        raise ValueError("the shop's own fault")

    async def buy(request: Request) -> Response:
        engine = current_engine()
        engine.track("purchase", items=[{"item_id": "sku1", "price": 6}], value=6, currency="EUR", transaction_id="T1")
        return PlainTextResponse("thank you")

    async def login(request: Request) -> Response:
        request.session["user_id"] = request.path_params["name"]
        return PlainTextResponse("hello")

    async def logout(request: Request) -> Response:
        request.session.clear()
        return PlainTextResponse("bye")

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    return [
        Route("/page", page),
        Route("/media/page", page),
        Route("/product/{item_id}", product),
        Route("/helpers", helpers),
        Route("/personal", personal),
        Route("/nonce", nonce),
        Route("/closed-policy", closed_policy),
        Route("/cached", cached),
        Route("/fragment", fragment),
        Route("/stream", stream),
        Route("/json", json),
        Route("/encoded", encoded),
        Route("/file", file),
        Route("/echo", echo, methods=["POST"]),
        Route("/boom", boom),
        Route("/buy", buy, methods=["POST"]),
        Route("/login/{name}", login, methods=["POST"]),
        Route("/logout", logout, methods=["POST"]),
        WebSocketRoute("/socket", socket),
    ]


class StarletteShop:
    def __init__(self, app: Starlette, mount: str) -> None:
        # Without an Accept-Encoding of its own: a test that wants one says so.
        self._mount = mount
        self.client = TestClient(app, raise_server_exceptions=False, root_path=mount, follow_redirects=False)
        self.client.headers.clear()
        app.middleware_stack = app.build_middleware_stack()
        self.engine = current_engine()

    def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes | Iterator[bytes] = b""
    ) -> Answer:
        self.client.cookies.clear()
        response = self.client.request(method, path, headers=headers, content=body)
        raw = [(name.decode().lower(), value.decode()) for name, value in response.headers.raw]
        content = response.content
        if response.headers.get("content-encoding") == "gzip":
            content = gzip.compress(content, mtime=0)
        return Answer(response.status_code, raw, content)


@pytest.fixture
def build(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    shops: list[StarletteShop] = []

    def make(*, mount: str = "", **settings: object) -> StarletteShop:
        chosen = {"consent": "not_required", "store": f"sqlite:///{tmp_path}/opsplug.db", "train_every": 0, **settings}
        if chosen.get("enabled") is False:
            del chosen["store"]
        routes = shop_routes(tmp_path_factory.mktemp("templates"))
        app = Starlette(routes=routes, middleware=[Middleware(SessionMiddleware, secret_key="for tests")])
        app.add_middleware(OpsPlugMiddleware, **chosen)
        shop = StarletteShop(app, mount)
        if shop.engine.settings.enabled:
            shop.engine.catalog.upsert(ITEMS)
        shops.append(shop)
        return shop

    yield make
    for shop in shops:
        shop.engine.close()
