"""What a visitor said goes when they withdraw their consent or it has grown old, and nobody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsplug import Engine
from opsplug.services.chat.conversation_log import ConversationLog
from opsplug.services.chat.desk.retention import WITHDRAWN, run
from opsplug.services.chat.knowledge.importing import suggest_from_chats
from opsplug.training.run.job import Work
from opsplug.units import DAY
from tests.contracts.adapter_contract import Build, Visitor
from tests.support.flask_shop import build as on_flask  # noqa: F401  (a fixture)
from tests.support.shop import NOW, Shop

HEIRLOOM = "my grandmother's teapot is chipped"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(store=f"sqlite:///{tmp_path}/shop.db", testing=True)
    yield made
    made.close()


def withdraw(engine: Engine, **who: Any) -> None:
    engine.track("consent_update", properties={"granted": False}, **who)
    engine.flush()
    engine.support.worker.round()  # under test no thread runs


def left(engine: Engine, words: str = HEIRLOOM) -> list[tuple[str, str]]:
    """(kind, key) of documents that still hold these words."""
    rows = engine.store.rows("SELECT kind, key, value FROM documents", {})
    return [(kind, key) for kind, key, value in rows if words in value]


def close_by(engine: Engine, conversation_id: str, who: str = "kim") -> None:
    for action, form in (("take", {}), ("say", {"text": "We send you a new one."}), ("close", {})):
        assert engine.inbox.act(conversation_id, who, action, form) == ""


def test_a_withdrawn_consent_takes_the_conversations_along(engine: Engine) -> None:
    engine.chat.reply(HEIRLOOM, anonymous_id="anna")
    other = engine.chat.reply(HEIRLOOM, anonymous_id="anna/b").conversation_id
    withdraw(engine, anonymous_id="anna")
    assert {key.rpartition(".")[2].partition("/")[0] for kind, key in left(engine) if kind != "chat_visitor"} == {other}
    assert engine.store.documents(WITHDRAWN) == []
    withdraw(engine, anonymous_id="anna/b")
    assert left(engine) == []
    assert engine.store.documents("chat_visitor") == []


def test_the_conversations_of_the_devices_user_go_with_it_and_no_other_users(engine: Engine) -> None:
    engine.track("view_item", items=[{"item_id": "a"}], anonymous_id="device", user_id="anna")
    engine.flush()
    engine.chat.reply(HEIRLOOM, user_id="anna")
    kept = engine.chat.reply("a teapot, please", user_id="bo").conversation_id
    withdraw(engine, anonymous_id="device")
    assert left(engine) == []
    assert [line["conversation_id"] for line in engine.chat.log.overview()] == [kept]


def test_a_conversation_that_a_person_serves_goes_when_it_is_closed(engine: Engine) -> None:
    served = engine.chat.reply(HEIRLOOM, anonymous_id="anna").conversation_id
    assert engine.inbox.act(served, "kim", "take", {}) == ""
    withdraw(engine, anonymous_id="anna")
    assert engine.chat.log.read(served) is not None
    assert engine.inbox.act(served, "kim", "close", {}) == ""
    engine.support.worker.round()
    assert engine.chat.log.read(served) is None
    assert left(engine) == []


def test_a_no_in_the_browser_forgets_the_chat(on_flask: Build) -> None:
    shop = on_flask(consent="required", train_every=0)
    visitor = Visitor(shop)
    visitor.send("POST", "/_opsplug/consent", b'{"analytics": true}')
    visitor.get("/page")
    said = json.dumps({"text": HEIRLOOM}).encode()
    assert visitor.send("POST", "/_opsplug/chat/messages", said).status == 200
    assert left(shop.engine)
    visitor.send("POST", "/_opsplug/consent", b'{"analytics": false}')
    shop.engine.support.worker.stop()  # waits for the round that is under way
    shop.engine.support.worker.round()
    assert left(shop.engine) == []


def test_suggestions_made_of_a_forgotten_chat_go_and_knowledge_stays(engine: Engine) -> None:
    knowledge = engine.chat.knowledge
    ids = [engine.chat.reply(HEIRLOOM, anonymous_id=who).conversation_id for who in ("anna", "bo")]
    for conversation_id in ids:
        close_by(engine, conversation_id)
    suggest_from_chats(knowledge, engine.chat.log, ids)
    question = engine.inbox.unanswered()[0]
    engine.inbox.learn(question.keys[0], "Is a teapot replaced?", "Yes.", "kim")
    assert len(knowledge.suggestions()) == 2
    assert engine.chat.forget(anonymous_id="anna") == 1
    assert [one.origin for one in knowledge.suggestions()] == [f"chat/{ids[1]}"]
    assert engine.chat.forget(anonymous_id="bo") == 1
    assert (knowledge.suggestions(), knowledge.suggestions("approved")) == ([], [])
    assert [entry.question for entry in knowledge.all()] == ["Is a teapot replaced?"]
    assert left(engine) == []


def test_retention_reaches_conversations_alarms_and_suggestions(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    ages = {}
    for days in (40, 31, 29):
        log = ConversationLog(shop.store, lambda days=days: NOW - days * DAY)  # type: ignore[misc]
        ages[days] = log.open(f"a:v{days}", "en").id
        for kind in ("chat_unanswered", "knowledge_suggested", "alarm", "alert"):
            value = {"conversation_id": ages[days], "origin": ""}
            shop.store.put_document(kind, f"{days}.{ages[days]}", value, round((NOW - days * DAY) * 1000))
    shop.do("view_item", "tea01", visitor="v")
    run(Work(shop.store, shop.artefacts, clock=lambda: NOW, options={"retention_days": 0}))
    assert len(shop.store.documents("chat_overview")) == 3
    run(Work(shop.store, shop.artefacts, clock=lambda: NOW, options={"retention_days": 30}))
    kinds = ("chat", "chat_visitor", "chat_overview", "chat_unanswered", "knowledge_suggested", "alarm", "alert")
    for kind in kinds:
        (key,) = shop.store.document_keys(kind)
        assert ages[29] in key
    shop.close()


def test_not_a_byte_is_left_behind(tmp_path: Path) -> None:
    engine = Engine(store=f"sqlite:///{tmp_path}/shop.db", testing=True)
    for number in range(40):
        engine.chat.reply(f"{HEIRLOOM} {number}", anonymous_id=f"v{number}")
    assert files_with(tmp_path, HEIRLOOM)
    for number in range(40):
        engine.track("consent_update", properties={"granted": False}, anonymous_id=f"v{number}")
    engine.flush()
    engine.support.worker.round()
    assert files_with(tmp_path, HEIRLOOM) == []
    engine.track("search", properties={"search_term": "kettle"}, anonymous_id="device-of-anna")
    engine.flush()
    engine.store.forget_visitor(["device-of-anna"])
    run(Work(engine.store, engine.artefacts))
    assert files_with(tmp_path, "device-of-anna") == []
    assert files_with(tmp_path, "kettle")  # what was done stays, without a name
    engine.close()


def files_with(folder: Path, words: str) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file() and words.encode() in path.read_bytes()]
