"""The knowledge: what a person approves becomes an answer, in the ways it was asked, with its page named."""

from __future__ import annotations

import pytest

from opsplug.services.chat.conversation.chat import Chat
from opsplug.services.chat.knowledge.entries import KnowledgeError
from tests.support.chat_shop import ENTRIES
from tests.support.memory_store import Memory


@pytest.fixture
def chat() -> Chat:
    made = Chat(Memory())
    made.knowledge.upsert(ENTRIES)
    return made


def test_a_suggestion_becomes_an_answer_when_a_person_approves_it(chat: Chat) -> None:
    question = "Do you gift wrap parcels for birthdays?"
    open_one = chat.knowledge.suggest(question, origin="unanswered")
    assert chat.knowledge.suggest(question, origin="unanswered").id == open_one.id
    assert [one.id for one in chat.knowledge.suggestions()] == [open_one.id]
    with pytest.raises(KnowledgeError, match="answer"):
        chat.knowledge.approve(open_one.id, "kim")
    entry = chat.knowledge.approve(open_one.id, "kim", answer="Yes, for free.", url="/help/wrapping")
    assert chat.knowledge.suggestions() == []
    assert [(one.by, one.entry_id) for one in chat.knowledge.suggestions("approved")] == [("kim", entry.id)]
    told = chat.reply(question, anonymous_id="v")
    assert (told.text, told.sources) == ("Yes, for free.", (entry.id,))
    assert chat.sources(told.sources, "en") == [{"title": question, "url": "/help/wrapping"}]


def test_a_suggestion_may_be_another_way_to_ask(chat: Chat) -> None:
    asked = "zorgle blimp wug wug"
    assert chat.reply(asked, anonymous_id="v").action == "ask"
    entry = chat.knowledge.approve(chat.knowledge.suggest(asked).id, "kim", entry_id="returns")
    assert entry.also == (asked,) and entry.version == 2
    assert chat.reply(asked, anonymous_id="w").text == "Within 30 days."
    assert [found.entry.id for found in chat.knowledge.search(asked, "en")].count("returns") == 1


def test_what_was_rejected_is_not_suggested_again(chat: Chat) -> None:
    name = chat.knowledge.suggest("Where is the moon?", "Up.").id
    assert chat.knowledge.reject(name, "kim").state == "rejected"
    assert chat.knowledge.suggest("Where is the moon?", "Up.").state == "rejected"
    assert chat.knowledge.suggestions() == []
    for closed in (name, "no-such-one"):
        with pytest.raises(KnowledgeError, match="no open suggestion"):
            chat.knowledge.approve(closed, "kim", answer="Up.")


def test_suggestions_are_masked(chat: Chat) -> None:
    kept = chat.knowledge.suggest("Call me on 13812345678?", "Write to kim@shop.example")
    assert (kept.question, kept.answer) == ("Call me on [phone]?", "Write to [email]")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example", "data:text/html,x"])
def test_a_source_is_an_address_that_a_browser_may_follow(chat: Chat, url: str) -> None:
    with pytest.raises(KnowledgeError, match="url"):
        chat.knowledge.upsert([{"id": "x", "question": "a?", "answer": "b", "url": url}])
