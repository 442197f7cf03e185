"""Visitors who send more than people can: the inbox stays readable, a conversation stays cheap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opsplug.services.chat.handover import MAX_EVENTS
from tests.contracts.adapter_contract import Visitor
from tests.support.hostile import make


def post(shop: Any, name: str, visitor: Visitor | None = None, **said: Any) -> Any:
    sender = visitor or Visitor(shop)
    body = json.dumps(said).encode()
    return sender.send("POST", f"/_opsplug/chat/{name}", body, x_forwarded_for=said.get("from_", "198.51.100.7"))


@pytest.mark.usefixtures("one_moment")
def test_one_address_opens_few_conversations_and_nobody_else_pays(tmp_path: Path) -> None:
    shop = make(tmp_path, trusted_proxies=1, testing=True)
    statuses = [post(shop, "messages", text="a person, please").status for _ in range(45)]
    assert statuses.count(200) == 30 and statuses.count(429) == 15
    assert len(shop.engine.chat.log.overview(999)) == 30
    assert post(shop, "messages", text="hello", from_="203.0.113.5").status == 200
    shop.engine.close()


def test_a_conversation_ends_where_it_grows_too_long(tmp_path: Path) -> None:
    shop = make(tmp_path, testing=True)
    visitor = Visitor(shop)
    first = post(shop, "messages", visitor, text="hello").json()["conversation_id"]
    log = shop.engine.chat.log
    events = log._events(first)
    rows = [
        ("chat", f"{first}/{n:013d}", {**events[1][1]._asdict(), "id": f"m{n}"})
        for n in range(len(events) + 1, MAX_EVENTS + 1)
    ]
    shop.engine.store.put_documents(rows, 1)
    for name, more in (("feedback", {"helpful": True}), ("csat", {"score": 1}), ("human", {})):
        assert post(shop, name, visitor, conversation_id=first, **more).status == 200
    assert len(log._events(first)) == MAX_EVENTS
    answer = post(shop, "messages", visitor, text="still there?", conversation_id=first).json()
    assert answer["conversation_id"] != first
    assert [message["text"] for message in answer["messages"] if message["role"] == "visitor"] == ["still there?"]
    assert shop.engine.inbox.act(first, "kim", "take", {}) == ""  # people may go on
    assert shop.engine.inbox.act(first, "kim", "say", {"text": "Let us go on there."}) == ""
    shop.engine.close()


def test_the_queue_shows_a_bounded_number(tmp_path: Path) -> None:
    shop = make(tmp_path, testing=True)
    log = shop.engine.chat.log
    for number in range(230):
        shop.engine.chat.agent_queue.call(log.open(f"a:v{number}", "en"), "asked", "visitor")
    lines = shop.engine.inbox.queue("kim", "waiting")
    assert len(lines) == 200
    assert shop.engine.inbox.counts("kim")["waiting"] == 230
    shop.engine.close()
