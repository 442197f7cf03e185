"""A purchase becomes certain in a payment provider's webhook, and is its visitor's all the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest

from opsplug import Engine
from opsplug.capture.visitor_token import MAX_AGE, VisitorTokens
from opsplug.privacy.keys import Keys
from opsplug_flask import OpsPlug
from tests.shops.served import BROWSER

PROVIDER = {"User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)"}
Shop = tuple[Engine, flask.Flask]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    app = flask.Flask("shop", instance_path=str(tmp_path))
    orders: dict[str, str] = {}
    plug = OpsPlug(app, store=f"sqlite:///{tmp_path}/o.db", testing=True, events={"POST /paid/<order_id>": "purchase"})

    @app.post("/checkout/<order_id>")
    def checkout(order_id: str) -> str:
        orders[order_id] = plug.engine.visitor_token()
        return orders[order_id]

    @app.post("/webhook/<order_id>")
    def webhook(order_id: str) -> str:
        token = flask.request.args.get("token", orders.get(order_id))
        plug.engine.track("purchase", transaction_id=order_id, items=["mug"], value=9.9, visitor_token=token,
                          user_id=flask.request.args.get("user"))  # fmt: skip
        return "ok"

    app.add_url_rule("/paid/<order_id>", "paid", lambda order_id: "ok", methods=["POST"])
    yield plug.engine, app
    plug.engine.close()


def purchases(engine: Engine) -> list[Any]:
    engine.flush()
    return [event for batch in engine.store.read_events(names=["purchase"], audience=None) for _, event in batch]


@pytest.mark.parametrize("agreed", [True, False])
def test_the_purchase_is_given_back_under_the_visitors_consent(shop: Shop, agreed: bool) -> None:
    engine, app = shop
    visitor, provider = app.test_client(), app.test_client()
    visitor.post("/_opsplug/consent", json={"analytics": agreed}, headers={"User-Agent": BROWSER})
    token = visitor.post("/checkout/1", headers={"User-Agent": BROWSER}).text
    assert bool(token) is agreed
    assert provider.post("/webhook/1", headers=PROVIDER).status_code == 200
    [event] = purchases(engine)
    cookie = visitor.get_cookie("opsplug_id")
    assert event.anonymous_id == (cookie.value.split(".")[0] if agreed and cookie else None)
    assert (event.audience, event.properties["value"]) == (0, 9.9)


def test_ids_that_a_webhook_names_are_kept(shop: Shop) -> None:
    engine, app = shop
    app.test_client().post("/webhook/2?user=u42", headers=PROVIDER)
    [event] = purchases(engine)
    assert (event.user_id, event.audience) == (engine.keys.pseudonym("u42"), 0)


def test_a_visitor_who_did_not_agree_stays_nameless_whatever_is_passed(shop: Shop) -> None:
    engine, app = shop
    app.test_client().post("/webhook/3?user=u42", headers={"User-Agent": BROWSER})
    assert purchases(engine)[0].user_id is None


@pytest.mark.parametrize("token", ["x", "A" * 60, "\u00e4" * 40])
def test_a_forged_token_names_nobody_and_costs_nothing(shop: Shop, token: str) -> None:
    engine, app = shop
    app.test_client().post("/webhook/4", query_string={"token": token}, headers=PROVIDER)
    [event] = purchases(engine)
    assert event.anonymous_id is None
    assert event.items[0].item_id == "mug"


def test_a_token_ends_and_belongs_to_its_shop() -> None:
    now = [1_000_000.0]
    ours = VisitorTokens(lambda: Keys(b"a" * 32), lambda: now[0])

    class Visit:
        class identity:  # noqa: N801 - as a visit has it
            anonymous_id, session_id = "a" * 20, "s" * 20

        user = None

    token = ours.of(Visit())  # type: ignore[arg-type]
    assert ours.read(token) == {"anonymous_id": "a" * 20, "session_id": "s" * 20}
    assert VisitorTokens(lambda: Keys(b"b" * 32), lambda: now[0]).read(token) == {}
    now[0] += MAX_AGE + 1
    assert ours.read(token) == {}


def test_what_an_orders_address_names_is_the_order(shop: Shop) -> None:
    engine, app = shop
    for _ in range(2):
        app.test_client().post("/paid/1001", headers=PROVIDER)
    [event] = purchases(engine)
    assert (event.properties["transaction_id"], list(event.items), event.audience) == ("1001", [], 0)
