"""Whatever a posted event loses is counted under its reason, and nothing is counted that was not lost."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from opsplug import Engine
from opsplug.capture.visit import GONE
from opsplug.web.http import Request
from tests.contracts.adapter_contract import BROWSER, CRAWLER
from tests.support.posted_events import CASES, one


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(store="sqlite://", testing=True, consent="not_required")
    yield engine
    engine.close()


def counted(engine: Engine, body: Any, **headers: str) -> dict[str, int]:
    """What a body counts besides the events taken."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"user-agent": BROWSER, "host": "shop.example", **headers}
    engine.web.handle(Request("POST", "/events", headers=given, body=content), GONE)
    engine.flush()
    counts = engine.store.counts()
    counts.pop("events", None)
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize(("body", "reasons"), CASES)
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
