"""A hundred times the load, a clock that is set back: the shop answers, the counters add up, orders are kept."""

import resource
import time
from pathlib import Path
from typing import Any

import pytest

from opsplug.capture import observer
from opsplug.capture.visit import current_visit
from opsplug.training.reader import read_interactions
from opsplug_flask import OpsPlug
from tests.contracts.adapter_contract import ITEMS, Visitor, stored
from tests.contracts.store_contract import read
from tests.support.flask_shop import FlaskShop, shop_app

HOUR = 3600.0


def make(folder: Path, **settings: Any) -> FlaskShop:
    app = shop_app()
    chosen = {"store": f"sqlite:///{folder}/opsplug.db", "consent": "not_required", "train_every": 0, **settings}
    plug = OpsPlug(app, **chosen)
    return FlaskShop(app, plug, "")


def test_a_hundred_times_the_load(tmp_path: Path) -> None:
    """The writer sleeps between two looks; a queue for 200 events meets 20,000 while nobody may store them."""
    shop = make(tmp_path, queue_size=200)
    visitor = Visitor(shop)
    assert visitor.get("/json").status == 200
    assert shop.engine.flush()
    engine = shop.engine
    with engine.writer._storing.turn:  # the store is busy for all of it
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for n in range(20_000):
            visit = engine.observer.enter(shop_host, "GET", f"/product/sku{n % 8}", agent=visitor.agent)
            engine.observer.respond(visit, 200, False, lambda: None)
            engine.observer.leave(visit)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert visitor.send("POST", "/buy").status == 200
    assert engine.flush()
    counts = engine.store.counts()
    rows = len(list(read(engine.store)))
    assert counts["requests"] == 20_002
    assert counts["events_dropped"] == 20_000 - 200
    assert rows + counts["events_dropped"] == 20_002 + 1  # and the order, which is never dropped
    assert [event.event_id for event in stored(shop, "purchase")] == ["purchase:T1"]
    assert grown < 20, f"{grown:.0f} MiB for events that were dropped"
    assert current_visit() is None
    engine.close()


class _Host:
    @staticmethod
    def native() -> Any:
        return None

    session_user = native


shop_host = _Host()


def test_the_clock_is_set_back_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make(tmp_path, events={"GET /product/<id>": "view_item"})
    shop.engine.catalog.upsert(ITEMS)
    visitor = Visitor(shop)

    def look(item: str) -> None:
        answer = visitor.get(f"/product/{item}")
        assert answer.status == 200
        page_view_id = (answer.header("server-timing") or "").partition('desc="')[2].rstrip('"')
        load = {"event": "page_view", "event_id": page_view_id, "properties": {"navigation": "load"}}
        assert visitor.beacon(load).status == 202

    look("sku1")
    assert shop.engine.flush()
    monkeypatch.setattr(observer, "time", lambda: time.time() - HOUR)
    look("sku2")
    assert visitor.send("POST", "/buy").status == 200
    assert shop.engine.flush()
    monkeypatch.undo()
    look("sku3")
    assert shop.engine.flush()
    events = list(read(shop.engine.store))
    received = [event.received_at for event in events]
    assert received == sorted(received)  # a day is found by bisection
    assert len([event for event in events if event.event == "page_view"]) == 3  # none twice, none missing
    assert {event.anonymous_id for event in events} == {visitor.cookies["opsplug_id"].split(".")[0]}
    assert all(event.properties.get("duration_ms", 0) >= 0 for event in events)
    log = read_interactions(shop.engine.store)
    assert sorted(log.item_ids[item] for item in log.items) == ["sku1", "sku1", "sku2", "sku3"]
    assert not {name for name in shop.engine.store.counts() if name.startswith("errors.")}
    shop.engine.close()
