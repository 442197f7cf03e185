"""The shop with the times that ship: what a visitor waits for is bounded, and nothing that was acknowledged is lost."""

import json
import sqlite3
from collections.abc import Callable, Iterator

import pytest

from opsplug.capture import durable
from tests.contracts.adapter_contract import ITEMS, Shop, Visitor, stored
from tests.support.flask_shop import build as on_flask  # noqa: F401  (a fixture)
from tests.support.starlette_shop import build as on_starlette  # noqa: F401  (a fixture)

pytestmark = pytest.mark.usefixtures("as_shipped")


@pytest.fixture(params=["on_flask", "on_starlette"])
def shop(request: pytest.FixtureRequest) -> Shop:
    build: Callable[..., Shop] = request.getfixturevalue(request.param)
    shop = build(consent="not_required")
    shop.engine.catalog.upsert(ITEMS)
    return shop


@pytest.fixture
def locked(shop: Shop) -> Iterator[None]:
    """Another process writes to the store for as long as the test takes."""
    assert shop.engine.flush(60)
    path = shop.engine.settings.store_path
    assert path is not None
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield
    holder.close()


def test_these_are_the_times_that_ship() -> None:
    assert durable.WAIT_SECONDS == 0.25


def test_pages_lists_and_purchases_of_a_healthy_shop(shop: Shop) -> None:
    visitor = Visitor(shop)
    assert visitor.get("/page").status == 200
    answer = visitor.get("/_opsplug/recommendations?placement=item&item_id=sku1").json()
    assert answer["items"]
    assert answer["rung"] in ("catalogue", "popular", "item", "session", "personal")
    assert visitor.send("POST", "/buy").body == b"thank you"
    assert len(_spooled(shop) | {event.event_id for event in stored(shop, "purchase")}) == 1


@pytest.mark.usefixtures("locked")
def test_a_purchase_goes_to_the_spool_when_the_store_is_taken(shop: Shop) -> None:
    assert Visitor(shop).send("POST", "/buy").body == b"thank you"
    assert len(_spooled(shop)) == 1
    assert shop.engine.counters.get("events_lost") == 0


@pytest.mark.usefixtures("locked")
def test_pages_and_lists_do_not_wait_for_a_store_that_is_taken(shop: Shop) -> None:
    visitor = Visitor(shop)
    assert visitor.get("/helpers").status == 200
    assert visitor.get("/_opsplug/recommendations?placement=item&item_id=sku1").json()["items"]


def _spooled(shop: Shop) -> set[str]:
    """Ids of the purchases on disk beside the store; one may stand there twice, and is stored once."""
    lines = [line for path in shop.engine.spool.waiting() for line in path.read_bytes().splitlines()]
    events = [json.loads(line) for line in lines if line]  # each is written between line ends
    return {event["event_id"] for event in events if event["event"] == "purchase"}
