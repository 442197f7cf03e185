"""A folder that cannot be written: the shop's pages stay what they are, ours say so and never fail."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware

from opsplug.capture import durable
from opsplug_flask import OpsPlug
from opsplug_starlette import OpsPlugMiddleware
from tests.contracts.adapter_contract import Shop, Visitor
from tests.support.flask_shop import FlaskShop, shop_app
from tests.support.starlette_shop import StarletteShop, shop_routes

TOKEN = "an-admin-token-0123456789"


def on_flask(folder: Path, **settings: Any) -> Shop:
    app = shop_app()
    return FlaskShop(app, OpsPlug(app, **settings), "")


def on_starlette(folder: Path, **settings: Any) -> Shop:
    app = Starlette(routes=shop_routes(folder), middleware=[Middleware(SessionMiddleware, secret_key="for tests")])
    app.add_middleware(OpsPlugMiddleware, **settings)
    return StarletteShop(app, "")


@pytest.fixture(params=[on_flask, on_starlette])
def visitor(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    monkeypatch.setattr(durable, "WAIT_SECONDS", 0.25)  # nothing is in order here, so nothing is waited for
    (tmp_path / "templates").mkdir()
    (tmp_path / "no-folder").write_text("a file, where a folder is needed")
    build: Callable[..., Shop] = request.param
    shop = build(
        tmp_path / "templates",
        store=f"sqlite:///{tmp_path}/no-folder/opsplug.db",
        consent="not_required",
        admin_token=TOKEN,
        train_every=0,
    )
    yield Visitor(shop)
    shop.engine.close()


def test_the_shop_goes_on(visitor: Visitor) -> None:
    for path in ("/page", "/helpers", "/product/sku1", "/json", "/stream"):
        assert visitor.get(path).status == 200
    assert visitor.send("POST", "/login/alice").status == 200
    assert visitor.get("/page").status == 200
    assert visitor.send("POST", "/buy").body == b"thank you"
    assert visitor.shop.engine.counters.get("events_lost") == 1  # neither store nor spool: counted, and said in the log


def test_a_list_is_empty_with_the_reason(visitor: Visitor) -> None:
    for query in ("", "?placement=item&item_id=sku1", "?placement=cart&cart=sku1,sku2"):
        answer = visitor.get(f"/_opsplug/recommendations{query}")
        assert answer.status == 200
        assert answer.json()["items"] == []
        assert "store cannot be used" in answer.json()["note"]


def test_our_other_addresses_say_that_they_cannot_answer_now(visitor: Visitor) -> None:
    assert visitor.get("/_opsplug/health").json()["status"] == "degraded"
    assert visitor.get("/_opsplug/openapi.json").status == 200
    assert visitor.get("/_opsplug/opsplug.js").status == 200
    click = {"event": "click", "event_id": "abcdefgh"}
    assert visitor.beacon(click).status == 202
    refused = visitor.send("POST", "/_opsplug/consent", b'{"analytics":false}')
    assert refused.status == 204
    assert visitor.cookies["opsplug_consent"] == "0"
    for path, sent in (("chat/messages", b'{"text":"hello"}'), ("admin/login", f"token={TOKEN}".encode())):
        answer = visitor.send("POST", f"/_opsplug/{path}", sent)
        assert answer.status == 503
        assert answer.header("retry-after")
        assert b"Traceback" not in answer.body
