"""The contract on Flask, and what only Flask has."""

import gzip
import threading
from pathlib import Path

import flask
import pytest

from opsplug.errors import SettingsError
from opsplug_flask import OpsPlug, current_engine
from tests.contracts.adapter_contract import AdapterContract, Build, Visitor, stored
from tests.support.flask_shop import (
    PAGE,
    FlaskShop,
    build,  # noqa: F401  (a fixture)
    shop_app,
)


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
