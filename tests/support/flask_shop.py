"""A small Flask shop with every kind of page, and the fixture that builds shops of it."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
from werkzeug.test import Client, EnvironBuilder

from opsplug_flask import OpsPlug, current_engine
from tests.contracts.adapter_contract import ITEMS, Answer, Build

PAGE = "<!doctype html><html><head><title>Shop</title></head><body>Hello</body></html>"


ITEM_PAGE = (
    "<!doctype html><html><head><title>{{ item_id }}</title></head><body>"
    "{{ opsplug.recommendations('item', item_id=item_id, k=4) }}</body></html>"
)


HELPERS = (
    "<html><head>{{ opsplug.snippet() }}</head><body>{{ opsplug.recommendations('home', k=3) }}"
    "{{ opsplug.recommendations('cart', k=3) }}{{ opsplug.chat() }}</body></html>"
)


PERSONAL = "<html><head></head><body>{{ opsplug.recommendations('home', personal=True) }}</body></html>"


def shop_app() -> flask.Flask:
    app = flask.Flask(__name__, static_folder=None)
    app.secret_key = "for tests"

    @app.get("/page")
    @app.get("/media/page")
    def page() -> str:
        return PAGE

    @app.get("/product/<item_id>")
    def product(item_id: str) -> str:
        return flask.render_template_string(ITEM_PAGE, item_id=item_id)

    @app.get("/helpers")
    def helpers() -> str:
        return flask.render_template_string(HELPERS)

    @app.get("/personal")
    def personal() -> str:
        return flask.render_template_string(PERSONAL)

    @app.get("/nonce")
    def nonce() -> tuple[str, dict[str, str]]:
        return PAGE, {"Content-Security-Policy": "script-src 'nonce-n0nce'"}

    @app.get("/closed-policy")
    def closed_policy() -> tuple[str, dict[str, str]]:
        return PAGE, {"Content-Security-Policy": "script-src 'none'"}

    @app.get("/cached")
    def cached() -> tuple[str, dict[str, str]]:
        return PAGE, {"Cache-Control": "public, max-age=60"}

    @app.get("/fragment")
    def fragment() -> str:
        return "<p>a part of a page</p>"

    @app.get("/stream")
    def stream() -> flask.Response:
        return flask.Response((part for part in (PAGE[:40], PAGE[40:])), mimetype="text/html")

    @app.get("/json")
    def json() -> dict[str, str]:
        return {"html": PAGE}

    @app.get("/encoded")
    def encoded() -> flask.Response:
        packed = gzip.compress(PAGE.encode(), mtime=0)
        return flask.Response(packed, mimetype="text/html", headers={"Content-Encoding": "gzip"})

    @app.get("/file")
    def file() -> flask.Response:
        return flask.send_file(Path(__file__), mimetype="text/html")

    @app.post("/echo")
    def echo() -> bytes:
        return flask.request.get_data()

    @app.get("/boom")
    def boom() -> str:
        raise ValueError("the shop's own fault")

    @app.post("/buy")
    def buy() -> str:
        engine = current_engine()
        engine.track("purchase", items=[{"item_id": "sku1", "price": 6}], value=6, currency="EUR", transaction_id="T1")
        return "thank you"

    @app.post("/login/<name>")
    def login(name: str) -> str:
        flask.session["user_id"] = name
        return "hello"

    @app.post("/logout")
    def logout() -> str:
        flask.session.clear()
        return "bye"

    return app


class FlaskShop:
    def __init__(self, app: flask.Flask, plug: OpsPlug, mount: str) -> None:
        self.app = app
        self.engine = plug.engine
        self._mount = mount
        self._client = Client(app.wsgi_app, use_cookies=False)

    def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes | Iterator[bytes] = b""
    ) -> Answer:
        path, _, query = path.removeprefix(self._mount).partition("?")
        builder = EnvironBuilder(path, method=method, headers=headers, data=body, query_string=query)
        environ = builder.get_environ()
        environ["SCRIPT_NAME"] = self._mount
        response = self._client.open(environ)
        found = [(name.lower(), value) for name, value in response.headers.items()]
        with response:
            return Answer(response.status_code, found, response.get_data())


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    shops: list[FlaskShop] = []

    def make(*, mount: str = "", **settings: object) -> FlaskShop:
        app = shop_app()
        chosen = {"consent": "not_required", "store": f"sqlite:///{tmp_path}/opsplug.db", "train_every": 0, **settings}
        if chosen.get("enabled") is False:
            del chosen["store"]
        shop = FlaskShop(app, OpsPlug(app, **chosen), mount)
        if shop.engine.settings.enabled:
            shop.engine.catalog.upsert(ITEMS)
        shops.append(shop)
        return shop

    yield make
    for shop in shops:
        shop.engine.close()
