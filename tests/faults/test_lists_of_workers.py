"""Real servers with several workers: what a visitor did at one of them is known to all, at once."""

from __future__ import annotations

import os
import time
from secrets import token_hex
from typing import Any

import pytest

from opsplug import Engine
from tests.support.servers import Server, server
from tests.support.waiting import soon

__all__ = ["server"]

pytestmark = pytest.mark.servers
ITEMS = [f"mug{n}" for n in range(20)]
SECONDS = 1.0 if os.environ.get("OPSPLUG_SOAK") == "1" else 10.0  # machines that test are busy
ASKED = 30  # times, each on a connection of its own: no worker is left out


class Visitor:
    def __init__(self, server: Server) -> None:
        self._server = server
        _, cookie, _ = server.say("GET", "/product/0", Cookie="opsplug_consent=1")
        self._cookie = f"opsplug_consent=1; {cookie}"

    def shown(self) -> tuple[str, list[str]]:
        """The rung and the items of a list for this visitor, from whichever worker takes the question."""
        status, _, answer = self._server.say("GET", "/_opsplug/recommendations?k=20", Cookie=self._cookie)
        assert status == 200
        return answer["rung"], [item["item_id"] for item in answer["items"]]

    def tell(self, name: str, item: str, **properties: Any) -> None:
        event = {"event": name, "event_id": token_hex(8), "timestamp": time.time() * 1000, "path": "/"}
        event["properties"] = {"items": [{"item_id": item}], **properties}
        body = {"schema": "opsplug/1", "events": [event]}
        status, _, answer = self._server.say("POST", "/_opsplug/events", body, Cookie=self._cookie)
        assert (status, answer["accepted"]) == (202, 1), answer

    def seconds_until(self, condition: Any) -> float:
        """From now until the last answer that did not meet the condition."""
        began = last = time.monotonic()
        right = 0
        while right < ASKED:
            assert time.monotonic() - began < 300
            right += 1
            if not condition(*self.shown()):
                right, last = 0, time.monotonic()
        return last - began


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"], indirect=True)
def test_what_one_worker_heard_all_of_them_respect_within_a_second(server: Server) -> None:
    engine = Engine(store=f"sqlite:///{server.disk}/opsplug.db", testing=True)
    engine.catalog.upsert({"item_id": item, "item_name": f"{item} cup", "item_category": "Kitchen"} for item in ITEMS)
    engine.close()
    visitor = Visitor(server)
    soon(lambda: all(len(visitor.shown()[1]) == 20 for _ in range(ASKED)))
    visitor.tell("item_feedback", "mug3", action="not_interested")
    refused = visitor.seconds_until(lambda rung, shown: "mug3" not in shown)
    visitor.tell("view_item", "mug5")
    looked = visitor.seconds_until(lambda rung, shown: rung == "session" and shown[-1] == "mug5")
    visitor.tell("add_to_cart", "mug7")
    carted = visitor.seconds_until(lambda rung, shown: "mug7" not in shown)
    assert max(refused, looked, carted) < SECONDS, (refused, looked, carted)
