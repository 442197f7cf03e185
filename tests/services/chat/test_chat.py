"""The assistant: right answers, the right human, in the right language, and nobody else's data."""

from __future__ import annotations

import pytest

from opsplug.services.chat.conversation.chat import Chat
from opsplug.services.chat.knowledge.entries import KnowledgeError
from opsplug.services.chat.knowledge.product_search import CatalogueSearch
from opsplug.services.chat.texts import TEXTS
from opsplug.services.chat.understanding.entities import Entities, entities
from opsplug.services.chat.understanding.understanding import Context, understand
from tests.support.chat_shop import ENTRIES, ITEMS, orders
from tests.support.memory_store import Memory


@pytest.fixture
def chat() -> Chat:
    made = Chat(Memory(), search=CatalogueSearch(lambda: ITEMS), order_lookup=orders)
    made.knowledge.upsert(ENTRIES)
    return made


def test_a_known_question_is_answered_with_its_source(chat: Chat) -> None:
    told = chat.reply("What is your return policy?", anonymous_id="v")
    assert (told.action, told.text, told.sources) == ("answer", "Within 30 days.", ("returns",))
    assert chat.reply("可以退货吗", anonymous_id="v").text == "30天内可以退货。"


def test_a_word_that_no_product_has_hides_none_that_the_others_find(chat: Chat) -> None:
    assert {item["item_id"] for item in chat.reply("do you have a retrospot jug?", anonymous_id="v").items} == {"1"}
    assert not chat.reply("do you have a leather saddle bag?", anonymous_id="w").items


def test_products_by_description_limit_and_follow_up(chat: Chat) -> None:
    first = chat.reply("do you have a red mug under 10?", anonymous_id="v")
    assert [item["item_id"] for item in first.items] == ["1"]
    second = chat.reply("and in blue?", first.conversation_id, anonymous_id="v")
    assert [item["item_id"] for item in second.items] == ["2"]
    third = chat.reply("有没有红色的杯子", anonymous_id="w")
    assert third.language == "zh" and third.items[0]["item_id"] == "3"


def test_price_and_stock_are_those_of_this_moment() -> None:
    search = CatalogueSearch(lambda: ITEMS, price=lambda ids: {"1": 99.0}, is_available=lambda ids: {"4"})
    found = search("red mug", Entities())
    assert [(item["item_id"], item["price"], item["available"]) for item in found[:2]] == [
        ("4", 25.0, True),
        ("1", 99.0, False),
    ]


def test_orders_only_for_their_verified_owner(chat: Chat) -> None:
    assert "shipped" in chat.reply("where is my order 1002?", user_id="anna").text
    assert "shipped" not in chat.reply("show me order 1002", user_id="bo").text
    assert "log in" in chat.reply("show me order 1002", anonymous_id="v").text
    assert chat.reply("show me another customer's orders", user_id="bo").text == TEXTS["en"]["only_own_data"]


def test_another_visitors_conversation_opens_a_new_one(chat: Chat) -> None:
    mine = chat.reply("hello", anonymous_id="v").conversation_id
    theirs = chat.reply("hello", mine, anonymous_id="w").conversation_id
    assert theirs != mine
    state = chat.log.read(mine)
    assert state is not None and [m.text for m in state.messages if m.role == "visitor"] == ["hello"]


@pytest.mark.parametrize(
    ("text", "trigger"),
    [
        ("I want to talk to a human", "asked"),
        ("转人工", "asked"),
        ("my lawyer will hear of this", "legal_or_safety"),
        ("This is horrible, awful, the worst garbage I ever bought, I hate it!!", "anger"),
    ],
)
def test_a_person_is_called_and_the_visitor_told(chat: Chat, text: str, trigger: str) -> None:
    told = chat.reply(text, anonymous_id="v")
    assert told.action == "handover" and told.text
    state = chat.log.read(told.conversation_id)
    assert state is not None and state.state == "waiting" and state.triggers[0][1] == trigger
    assert chat.reply("anyone?", told.conversation_id, anonymous_id="v").action == "wait"


def test_two_misses_call_a_person_and_are_reported(chat: Chat) -> None:
    first = chat.reply("flibber gostak dosh", anonymous_id="v")
    assert first.action == "ask"
    assert chat.reply("distim doshes wug", first.conversation_id, anonymous_id="v").action == "handover"
    assert chat.unanswered()[0]["text"] == "flibber gostak dosh"


def test_what_is_typed_is_stored_masked(chat: Chat) -> None:
    told = chat.reply("call me on +44 20 7946 0958 or a@b.io", anonymous_id="v")
    state = chat.log.read(told.conversation_id)
    assert state is not None and state.messages[0].text == "call me on [phone] or [email]"


def test_a_message_delivered_twice_is_stored_once_and_answered_the_same(chat: Chat) -> None:
    first = chat.reply("What is your return policy?", anonymous_id="v", message_id="m1")
    second = chat.reply("What is your return policy?", first.conversation_id, anonymous_id="v", message_id="m1")
    assert (second.text, second.action) == (first.text, first.action)
    state = chat.log.read(first.conversation_id)
    assert state is not None and len(state.messages) == 2


@pytest.mark.parametrize(
    "text", ["", "   ", "😀😀", "\u202e\u200b", "x" * 100_000, "<script>alert(1)</script>", "javascript:alert(1)"]
)
def test_bad_input_gets_a_polite_answer(chat: Chat, text: str) -> None:
    told = chat.reply(text, anonymous_id="v")
    assert told.text and "<script>" not in told.text
    assert Chat(Memory()).reply(text, anonymous_id="v").text


def test_flooding_is_slowed(chat: Chat) -> None:
    texts = [chat.reply("hello", anonymous_id="v").text for _ in range(20)]
    assert TEXTS["en"]["slow_down"] in texts
    assert chat.reply("hello", anonymous_id="w").text != TEXTS["en"]["slow_down"]


def test_knowledge_has_versions_dates_and_helpful_errors() -> None:
    chat = Chat(Memory(), clock=lambda: 1_790_000_000.0)  # 2026-09-21
    chat.knowledge.upsert(
        [{"id": "sale", "question": "When is the sale?", "answer": "In July.", "valid_until": "2026-07-31"}]
    )
    assert chat.knowledge.search("When is the sale?", "en") == []
    chat.knowledge.upsert([{"id": "sale", "question": "When is the sale?", "answer": "In winter."}])
    assert chat.knowledge.search("When is the sale?", "en")[0].entry.version == 2
    assert chat.knowledge.upsert([{"id": "sale", "question": "When is the sale?", "answer": "In winter."}]) == 0
    with pytest.raises(KnowledgeError, match="answer"):
        chat.knowledge.upsert([{"id": "x", "question": "?"}])


def test_entities_in_both_languages() -> None:
    assert entities("red mug under £9.50") == Entities(below=9.5, colour="red")
    assert entities("10到20元的蓝色杯子") == Entities(below=20.0, above=10.0, colour="blue")
    assert entities("订单号 AB-10023 到哪了").order == "AB-10023"
    assert entities("1002", awaits_order=True).order == "1002"
    assert entities("in size XL please").size == "XL"


def test_invisible_characters_do_not_hide_an_intent() -> None:
    assert understand("talk to a hu\u200bman", Context()).intent == "person"


def test_visitors_are_spoken_to_politely_in_chinese() -> None:
    assert "您" in str(TEXTS["zh"]) and "你" not in str(TEXTS["zh"])
