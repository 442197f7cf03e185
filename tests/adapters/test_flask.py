"""The contract on Flask, and what only Flask has."""

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
from werkzeug.test import Client, EnvironBuilder

from opsplug.errors import SettingsError
from opsplug_flask import OpsPlug, current_engine
from tests.contracts.adapter_contract import ITEMS, AdapterContract, Answer, Build, Visitor, stored

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


class TestFlask(AdapterContract):
    pass


def test_under_testing_nothing_starts_and_nothing_is_written(tmp_path: Path) -> None:
    app = flask.Flask(__name__, instance_path=str(tmp_path / "instance"))
    plug = OpsPlug(app, consent="not_required")
    app.config["TESTING"] = True  # set after the extension, as most test suites do
    app.add_url_rule("/page", view_func=lambda: PAGE)
    before = set(threading.enumerate())
    client = app.test_client()
    assert client.get("/page", headers={"User-Agent": "Mozilla/5.0"}).status_code == 200
    with app.app_context():
        current_engine().track("purchase", items=[{"item_id": "a"}], transaction_id="1")
    assert set(threading.enumerate()) == before
    assert not (tmp_path / "instance").exists()
    plug.engine.flush()
    names = [event.event for batch in plug.engine.store.read_events() for _, event in batch]
    assert sorted(names) == ["page_view", "purchase"]


def test_settings_come_from_the_apps_config_and_keywords_win(tmp_path: Path) -> None:
    app = flask.Flask(__name__, instance_path=str(tmp_path))
    app.config.update(OPSPLUG_LANGUAGE="zh", OPSPLUG_CURRENCY="EUR", OPSPLUG_TESTING=True)
    plug = OpsPlug()
    plug.init_app(app, currency="CNY")
    settings = plug.engine.settings
    assert (settings.language, settings.currency, settings.testing) == ("zh", "CNY", True)
    assert settings.store == f"sqlite:///{tmp_path}/opsplug.db"


def test_the_session_is_not_marked_as_used(build: Build) -> None:
    assert Visitor(build()).get("/page").header("vary") is None


def test_a_shop_that_compresses_later_still_gets_the_tag(tmp_path: Path) -> None:
    app = shop_app()

    @app.after_request
    def compress(response: flask.Response) -> flask.Response:
        response.set_data(gzip.compress(response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
        return response

    plug = OpsPlug(app, store=f"sqlite:///{tmp_path}/o.db", train_every=0)
    answer = Visitor(FlaskShop(app, plug, "")).get("/page")
    assert b"data-opsplug" in gzip.decompress(answer.body)
    plug.engine.close()


def test_bots_rows_are_kept_apart(build: Build) -> None:
    shop = build()
    Visitor(shop, agent="python-requests/2.32").get("/page")
    assert [event.anonymous_id for event in stored(shop, audience=1)] == [None]


def test_a_second_one_on_the_same_app_is_refused() -> None:
    app = shop_app()
    OpsPlug(app, enabled=False)
    with pytest.raises(SettingsError, match="already"):
        OpsPlug(app, enabled=False)


def test_the_apps_own_limit_is_for_its_own_forms(build: Build) -> None:
    seen: list[str] = []

    def admin(request: flask.Request) -> str:
        seen.append(request.form.get("csrf", ""))
        return "viewer"

    shop = build(admin=admin)
    shop.app.config["MAX_CONTENT_LENGTH"] = 50  # type: ignore[attr-defined]
    event = {"event": "view_item", "event_id": "abcdefgh", "properties": {"items": [{"item_id": "x" * 100}]}}
    assert Visitor(shop).beacon(event).status == 202
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert Visitor(shop).send("POST", "/_opsplug/admin/rules", b"csrf=guess", **form).status == 404
    assert seen == ["guess"]
