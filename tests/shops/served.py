"""The fixture shops as running apps, on both frameworks."""

from pathlib import Path
from typing import Any

import flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from opsplug import Engine
from opsplug_flask import OpsPlug
from opsplug_starlette import OpsPlugMiddleware
from tests.shops.designs import Design
from tests.shops.goods import Good

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


class Pages:
    """What a shop of one design answers; `gone` are ids that it sells no more."""

    def __init__(self, design: Design, stock: list[Good]) -> None:
        self.design = design
        self.stock = stock
        self.gone: set[int] = set()

    def answer(self, path: str) -> tuple[str, str]:
        """(kind, body): html, json, missing."""
        if path == "/":
            return "html", self.design.list_page("Home", self.stock, self.stock[:6])
        if path == "/api/products":
            return "json", ""
        if path.startswith("/category/"):
            shown = [good for good in self.stock if path.endswith("/" + good.category_slug)]
            return "html", self.design.list_page(shown[0].category, self.stock, shown)
        good = next((good for good in self.stock if self.design.path(good) == path), None)
        if good is None or good.id in self.gone:
            return "missing", ""
        if self.design.name == "json":
            return "html", "<html><head><title>Shop</title></head><body><div id='app'></div></body></html>"
        return "html", self.design.product_page(good, self.stock)

    @property
    def products(self) -> list[dict[str, Any]]:
        return [
            {"id": good.id, "name": good.name, "price": good.price, "image": good.image, "category": good.category,
             "stock": good.stock} for good in self.stock
        ]  # fmt: skip

    @property
    def paths(self) -> list[str]:
        slugs = dict.fromkeys(good.category_slug for good in self.stock)
        return ["/", *(f"/category/{slug}" for slug in slugs), *(self.design.path(good) for good in self.stock)]


def on_flask(pages: Pages, folder: Path, **settings: Any) -> tuple[Engine, Any]:
    app = flask.Flask("shop", instance_path=str(folder))

    def view(**params: Any) -> Any:
        kind, body = pages.answer(flask.request.path)
        if kind == "json":
            return flask.jsonify(pages.products)
        return body if kind == "html" else flask.abort(404)

    for number, rule in enumerate(("/", "/api/products", "/category/<name>", pages.design.product_rule)):
        app.add_url_rule(rule, f"view{number}", view)
    plug = OpsPlug(app, store=f"sqlite:///{folder}/o.db", train_every=0, consent="not_required", **settings)
    client = app.test_client()
    return plug.engine, lambda path, **headers: client.get(path, headers={"User-Agent": BROWSER, **headers})


def on_starlette(pages: Pages, folder: Path, **settings: Any) -> tuple[Engine, Any]:
    async def view(request: Request) -> Response:
        kind, body = pages.answer(request.url.path)
        if kind == "json":
            return JSONResponse(pages.products)
        return HTMLResponse(body) if kind == "html" else Response(status_code=404)

    rule = (
        pages.design.product_rule.replace("<int:id>", "{id:int}")
        .replace("<slug>", "{slug}")
        .replace("<category>", "{category}")
    )
    app = Starlette(routes=[Route(path, view) for path in ("/", "/api/products", "/category/{name}", rule)])
    engine = Engine(store=f"sqlite:///{folder}/o.db", train_every=0, consent="not_required", **settings)
    app.add_middleware(OpsPlugMiddleware, engine=engine)
    client = TestClient(app, base_url="http://testserver", follow_redirects=False)
    return engine, lambda path, **headers: client.get(path, headers={"user-agent": BROWSER, **headers})


SERVED = {"flask": on_flask, "starlette": on_starlette}
