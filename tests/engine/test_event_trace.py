"""`opsplug why` says of an event what the shop does with it: the same reasons, at the right gate, in plain words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsplug import Engine, reasons
from opsplug.capture.visit import GONE
from opsplug.engine.event_trace import EventTrace, Posted, Step, trace, trace_stored
from opsplug.web.http import Request
from tests.contracts.adapter_contract import BROWSER, CRAWLER
from tests.support.posted_events import CASES, ID, one


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(store=f"sqlite:///{tmp_path}/opsplug.db", testing=True, consent="not_required")
    engine.catalog.upsert([{"item_id": item_id} for item_id in ("sku1", "a")])
    yield engine
    engine.close()


def posted(body: Any, **about: Any) -> Posted:
    return Posted(body if isinstance(body, bytes) else json.dumps(body).encode(), **about)


def reasons_of(found: EventTrace) -> set[str]:
    return {step.reason for step in found.steps} - {""}


def step_at(found: EventTrace, gate: str) -> Step:
    return next(step for step in found.steps if step.gate == gate)


@pytest.mark.parametrize(("body", "counted"), CASES)
def test_the_trace_names_the_reasons_that_the_shop_counts(engine: Engine, body: Any, counted: dict[str, int]) -> None:
    rows = [row for row in map(reasons.find, counted) if row is not None and row.gate]
    found = trace(engine, posted(body))
    assert reasons_of(found) == {row.name for row in rows}
    assert (found.kept is None) == ("events_rejected" in counted)
    stopped = [step.gate for step in found.steps if step.state == "stopped"]
    assert stopped == [row.gate for row in rows if row.outcome == "refused"]
    assert engine.store.last_id() == 0  # nothing of it reaches the shop


def test_each_gate_says_something_in_its_place(engine: Engine) -> None:
    found = trace(engine, posted(one(properties={"items": [{"item_id": "sku1"}]})))
    assert [step.gate for step in found.steps] == list(reasons.GATES)
    assert {step.state for step in found.steps} == {"passed"}
    assert "sku1" in step_at(found, "catalogue").text and ID in step_at(found, "id").text
    chinese = trace(engine, posted(one()), "zh")
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in step.text) for step in chinese.steps)


def test_after_the_gate_that_stopped_it_nothing_is_claimed(engine: Engine) -> None:
    found = trace(engine, posted(one(timestamp=1000, properties={"colour": "red"})))
    states = {step.gate: step.state for step in found.steps}
    assert states["clock"] == "stopped" and states["name"] == "passed"
    assert {states[gate] for gate in ("fields", "mask", "consent", "store", "catalogue")} == {"not_reached"}


@pytest.mark.parametrize(
    ("about", "gate", "reason", "kept"),
    [
        ({"headers": {"user-agent": CRAWLER}}, "program", "bot_beacons", False),
        ({"headers": {"origin": "https://other.example"}}, "origin", "foreign_origins", False),
        ({"consent": False}, "consent", "events_without_identity", True),
    ],
)
def test_what_the_request_says_counts(
    engine: Engine, about: dict[str, Any], gate: str, reason: str, kept: bool
) -> None:
    found = trace(engine, posted(one(), **about))
    assert step_at(found, gate).reason == reason
    assert (found.kept is not None) == kept


def test_too_large_a_body_stops_at_the_first_gate(engine: Engine) -> None:
    found = trace(engine, posted(b" " * 70_000))
    assert step_at(found, "size").state == "stopped" and found.kept is None


def test_a_known_id_and_an_unknown_item_are_said(engine: Engine) -> None:
    request = Request("POST", "/events", headers={"user-agent": BROWSER}, body=json.dumps(one()).encode())
    engine.web.handle(request, GONE)
    engine.flush()
    found = trace(engine, posted(one(properties={"items": [{"item_id": "nobody"}]})))
    assert step_at(found, "store").reason == "events_repeated"
    assert "nobody" in step_at(found, "catalogue").text
    stored = trace_stored(engine, ID)
    assert stored is not None and stored.kept is not None and stored.kept.event == "view_item"
    assert trace_stored(engine, "no-such-event") is None


def test_what_the_shops_code_reports_goes_by_track(engine: Engine) -> None:
    order = {"event": "purchase", "transaction_id": "o1", "value": 9.5, "items": [{"item_id": "sku1"}]}
    assert trace(engine, posted(order, from_server=True)).kept is not None
    assert step_at(trace(engine, posted(order)), "decode").state == "stopped"  # a page cannot report it
    odd = trace(engine, posted({**order, "value": "much"}, from_server=True))
    assert odd.kept is not None and step_at(odd, "fields").reason == "odd_values.*"
    assert {step.gate for step in odd.steps}.isdisjoint({"size", "origin", "rate", "repeat"})  # no request is made
    none = trace(engine, posted(b"no json", from_server=True))
    assert none.kept is None and step_at(none, "decode").state == "stopped"


def test_looking_makes_no_store(tmp_path: Path) -> None:
    engine = Engine(store=f"sqlite:///{tmp_path}/none.db", testing=True)
    trace(engine, posted(one(properties={"items": [{"item_id": "sku1"}]})))
    assert trace_stored(engine, ID) is None
    engine.close()
    assert list(tmp_path.iterdir()) == []


def test_the_shops_own_callables_are_asked() -> None:
    engine = Engine(store="sqlite://", testing=True, is_staff=lambda request: True, consent=lambda request: True)
    found = trace(engine, posted(one()))
    assert step_at(found, "staff").reason == "staff_events" and step_at(found, "consent").state == "passed"
    assert found.kept is not None and found.kept.anonymous_id
    engine.close()
