"""Whatever a posted event loses is counted under its reason, and nothing is counted that was not lost."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from opsplug import Engine
from opsplug.web.http import Request
from tests.contracts.adapter_contract import BROWSER, CRAWLER

ID = "event-0001"


class Native:
    """A framework's request that knows nobody."""

    @staticmethod
    def native() -> None:
        return None

    session_user = native


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(store="sqlite://", testing=True, consent="not_required")
    yield engine
    engine.close()


def counted(engine: Engine, body: Any, **headers: str) -> dict[str, int]:
    """What a body counts besides the events taken."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"user-agent": BROWSER, "host": "shop.example", **headers}
    engine.web.handle(Request("POST", "/events", headers=given, body=content), Native())
    engine.flush()
    counts = engine.store.counts()
    counts.pop("events", None)
    return {name: count for name, count in counts.items() if count}


def one(event: str = "view_item", properties: Any = None, **fields: Any) -> dict[str, Any]:
    return {"events": [{"event": event, "event_id": ID, "properties": properties or {}, **fields}]}


def rejected(field: str) -> dict[str, int]:
    return {"events_rejected": 1, f"events_rejected.{field}": 1}


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        (one(properties={"items": [{"item_id": "sku1", "price": 9.5}]}), {}),
        (b"no json", rejected("body")),
        ({"events": [{}] * 101}, rejected("events")),
        (one("purchase"), rejected("event")),
        ({"events": [{"event": 5}]}, rejected("event")),
        (one(event_id="x"), rejected("event_id")),
        (one(timestamp=1000), rejected("timestamp")),
        (one(properties={"items": "sku1"}), {"odd_values.items": 1}),
        (one(properties={"items": [{"item_name": "Mug"}]}), {"odd_values.items.item_id": 1}),
        (one(properties={"items": [{"item_id": "sku1", "price": -1}]}), {"odd_values.items.price": 1}),
        (one(properties={"value": "much"}), {"odd_values.value": 1}),
        (one(properties={"currency": "Euro"}), {"odd_values.currency": 1}),
        (one(properties={"colour": "red"}), {"properties_unknown.colour": 1}),
        (one(properties={"4915112345678": 1}), {"properties_unknown.other": 1}),
        (one(properties={"items": [{"item_id": "a", "size": "XL"}]}), {"properties_unknown.items.size": 1}),
        (one(properties={"method": {"a": 1}}), {"properties_unfit.method": 1}),
        (one(properties={"page_title": "x" * 300}), {"texts_cut": 1}),
        (one("search", {"search_term": "ada@post.example"}), {"texts_masked": 1}),
        (one(properties={"from_path": "/orders/4111111111111111"}), {"texts_masked": 1}),
    ],
)
def test_what_is_lost_has_its_reason(engine: Engine, body: Any, reasons: dict[str, int]) -> None:
    assert counted(engine, body) == reasons


def test_a_wrong_clock_is_corrected_and_said(engine: Engine) -> None:
    ahead = (time.time() + 7200) * 1000
    assert counted(engine, {**one(timestamp=ahead), "sent_at": ahead}) == {"clocks_corrected": 1}


def test_the_second_of_one_id_is_a_repeat(engine: Engine) -> None:
    counted(engine, one())
    assert counted(engine, one()) == {"events_repeated": 1}


def test_programs_and_other_sites_are_counted_apart(engine: Engine) -> None:
    assert counted(engine, one(), **{"user-agent": CRAWLER}) == {"bot_beacons": 1}
    assert counted(engine, one(), origin="https://other.example") == {"bot_beacons": 1, "foreign_origins": 1}


def test_staff_and_those_who_were_not_asked_are_counted() -> None:
    engine = Engine(store="sqlite://", testing=True, is_staff=lambda request: True)
    assert counted(engine, one()) == {"events_without_identity": 1, "staff_events": 1}
    engine.close()
