"""The route of a page is what matched: mounts, sub-applications, included routers, one function at two addresses."""

from pathlib import Path
from typing import Any

import flask
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse as Page
from starlette.routing import Host, Mount, Route, Router
from starlette.testclient import TestClient

from opsplug import Engine
from opsplug_flask import OpsPlug
from opsplug_starlette import OpsPlugMiddleware
from tests.shops.served import BROWSER


async def page(request: Request) -> Page:
    return Page("<html><head></head><body>x</body></html>")


def other(request: Request) -> Page:
    return Page("<html><head></head><body>y</body></html>")


def routes_of(app: Any, folder: Path, *paths: str, base: str = "http://testserver") -> list[str | None]:
    engine = Engine(store=f"sqlite:///{folder}/o.db", testing=True)
    app.add_middleware(OpsPlugMiddleware, engine=engine)
    client = TestClient(app, base_url=base)
    for path in paths:
        assert client.get(path, headers={"user-agent": BROWSER}).status_code == 200, path
    engine.flush()
    found = [event.route for batch in engine.store.read_events() for _, event in batch]
    engine.close()
    return found


def test_mounts_sub_applications_and_hosts(tmp_path: Path) -> None:
    inner = Starlette(routes=[Route("/p/{sku}", page), Route("/", other)])
    app = Starlette(
        routes=[
            Route("/p/{sku}", page),
            Mount("/v1", app=inner),
            Mount("/v2", app=inner),
            Mount(
                "/shops/{tenant}",
                routes=[Route("/p/{sku}", page), Mount("/deep", app=Router([Route("/{x:int}", other)]))],
            ),
            Host("api.example", app=Router([Route("/q/{n}", page)])),
        ]
    )
    paths = ("/p/1", "/v1/p/2", "/v2/p/2", "/v1/", "/shops/ada/p/ada2", "/shops/bob/p/3", "/shops/bob/deep/5")
    assert routes_of(app, tmp_path, *paths) == [
        "/p/<sku>", "/v1/p/<sku>", "/v2/p/<sku>", "/v1/", "/shops/<tenant>/p/<sku>", "/shops/<tenant>/p/<sku>",
        "/shops/<tenant>/deep/<x>",
    ]  # fmt: skip


def test_a_host_route(tmp_path: Path) -> None:
    app = Starlette(routes=[Host("api.example", app=Router([Route("/q/{n}", page)])), Route("/q/{n}", other)])
    assert routes_of(app, tmp_path, "/q/7", base="http://api.example") == ["/q/<n>"]


def test_one_function_at_two_addresses(tmp_path: Path) -> None:
    app = Starlette(routes=[Route("/a/{n}", page), Route("/b/{n}", page), Route("/c/{rest:path}", page)])
    assert routes_of(app, tmp_path, "/a/1", "/b/1", "/a/2", "/c/x/y") == ["/a/<n>", "/b/<n>", "/a/<n>", "/c/<rest>"]


def test_routers_of_fastapi_with_a_prefix(tmp_path: Path) -> None:
    app, router, inner = FastAPI(), APIRouter(), APIRouter(prefix="/inner")

    @router.get("/view/{pno}", response_class=HTMLResponse)
    def view(pno: str) -> str:
        return "<html><head></head><body>x</body></html>"

    @inner.get("/{n}", response_class=HTMLResponse)
    def deep(n: int) -> str:
        return "<html><head></head><body>x</body></html>"

    router.include_router(inner)
    app.include_router(router, prefix="/shops/product")
    app.include_router(router, prefix="/shops")
    sub = FastAPI()
    sub.include_router(router, prefix="/r")
    app.mount("/sub", sub)
    paths = ("/shops/view/1", "/shops/product/view/2", "/shops/inner/3", "/sub/r/view/4")
    assert routes_of(app, tmp_path, *paths) == [
        "/shops/view/<pno>", "/shops/product/view/<pno>", "/shops/inner/<n>", "/sub/r/view/<pno>",
    ]  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "/shop"])
def test_flask_below_a_prefix_and_in_blueprints(tmp_path: Path, prefix: str) -> None:
    app = flask.Flask("shop", instance_path=str(tmp_path))
    blueprint = flask.Blueprint("b", __name__, url_prefix="/v1")
    blueprint.add_url_rule("/p/<int:n>", "p", lambda n: "<html><head></head><body>x</body></html>")
    app.register_blueprint(blueprint)
    app.add_url_rule("/p/<int:n>", "q", lambda n: "<html><head></head><body>x</body></html>")
    engine = OpsPlug(app, store=f"sqlite:///{tmp_path}/o.db", testing=True).engine
    client = app.test_client()
    for path in ("/v1/p/1", "/p/2"):
        assert (
            client.get(path, environ_overrides={"SCRIPT_NAME": prefix}, headers={"User-Agent": BROWSER}).status_code
            == 200
        )
    engine.flush()
    assert [event.route for batch in engine.store.read_events() for _, event in batch] == ["/v1/p/<n>", "/p/<n>"]
    engine.close()
