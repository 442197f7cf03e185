"""What goes on over several messages, and what is no question at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsplug import Engine
from opsplug.services.chat.understanding.understanding import SMALL_TALK, understand

REMARKS = json.loads((Path(__file__).resolve().parents[2] / "data" / "chat_remarks.json").read_text(encoding="utf-8"))
ENTRIES = [
    {"id": "shipping", "question": "How much is shipping?", "answer": "3.90 within the country.", "language": "en"},
    {"id": "abroad", "question": "How much is shipping to other countries, such as France?", "answer": "12 euros.",
     "language": "en"},
    {"id": "time", "question": "How long does delivery take?", "answer": "3 to 5 days.", "language": "en"},
    {"id": "refund", "question": "How do I get a refund?", "answer": "Send it back.", "language": "en"},
    {"id": "refund-time", "question": "How long does a refund take?", "answer": "Five days.", "language": "en"},
    {"id": "fraud", "question": "What do you do about fraud?", "answer": "We check each payment.", "language": "en"},
    {"id": "points", "question": "积分可以换什么？", "answer": "可以换优惠券。", "language": "zh"},
]  # fmt: skip
ORDERS = {"anna": [{"number": "1001", "status": "shipped"}, {"number": "1000", "status": "delivered"}]}


def state(number: str, user_id: str) -> str | None:
    return next((one["status"] for one in ORDERS.get(user_id, ()) if one["number"] == number), None)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(
        store=f"sqlite:///{tmp_path}/s.db",
        testing=True,
        order_lookup=state,
        recent_orders=lambda user_id: ORDERS.get(user_id, []),
        chat_emergency="116 123",
    )
    made.chat.knowledge.upsert(ENTRIES)
    yield made
    made.close()


def say(shop: Engine, *texts: str, **about: Any) -> Any:
    """The reply to the last of several messages of one conversation."""
    told = None
    for text in texts:
        told = shop.chat.reply(text, told.conversation_id if told else None, anonymous_id="v", **about)
    return told


@pytest.mark.parametrize(
    ("kind", "fewest", "fits"),
    [
        ("person", 57, lambda intent: intent == "person"),
        ("not_person", 16, lambda intent: intent != "person"),
        ("remark", 34, lambda intent: intent in SMALL_TALK),
        ("question", 20, lambda intent: intent not in SMALL_TALK and intent != "person"),
    ],
)
def test_what_a_message_is(kind: str, fewest: int, fits: Any) -> None:
    taken = {text: understand(text).intent for text in REMARKS[kind]}
    assert sum(map(fits, taken.values())) >= fewest, {text: how for text, how in taken.items() if not fits(how)}


@pytest.mark.parametrize(
    "text", ["I don't know how I can contact customer service", "Give me my money back, I'm not paying these people."]
)
def test_a_not_that_denies_something_else_denies_no_person(text: str) -> None:
    assert understand(text).intent == "question"


def test_a_remark_is_no_miss_and_calls_nobody(shop: Engine) -> None:
    told = say(shop, "ok great", "perfect, thank you so much!", "I do not want to talk to a human", "hmm", "好的")
    assert told.action == "answer" and not shop.chat.unanswered()


def test_a_follow_up_is_read_with_the_question_before(shop: Engine) -> None:
    assert say(shop, "How much is shipping?", "and to France?").sources == ("abroad",)


def test_two_questions_are_both_answered(shop: Engine) -> None:
    told = say(shop, "How much is shipping? And how long does a refund take?")
    assert told.sources == ("shipping", "refund-time") and "3.90" in told.text and "Five days" in told.text


def test_a_letter_is_answered_by_its_question(shop: Engine) -> None:
    letter = (
        "Dear team, last month I bought a red mug and two plates in your shop for the birthday of my aunt Margaret. "
        "She was very happy about them and uses them each morning, so thank you for that. I would now like to order "
        "one more set for my neighbour. How long does delivery take? Kind regards, Tom"
    )
    assert say(shop, letter).sources == ("time",)


def test_yes_the_second_and_no_answer_what_was_asked_back(shop: Engine) -> None:
    asked = say(shop, "refund")
    assert asked.action == "ask" and len(asked.suggestions) > 1
    second = shop.chat.reply("the second one", asked.conversation_id, anonymous_id="v")
    assert second.action == "answer"
    assert shop.chat.knowledge.get(second.sources[0], "en").question == asked.suggestions[1]  # type: ignore[union-attr]
    again = shop.chat.reply("refund", asked.conversation_id, anonymous_id="v")
    assert again.action == "ask"
    shop.chat.reply("no", asked.conversation_id, anonymous_id="v")
    assert len(shop.chat.unanswered()) == 1


def test_orders_come_before_the_knowledge(shop: Engine) -> None:
    assert say(shop, "where is my order?").action == "ask"
    told = say(shop, "where is my order?", user_id="anna")
    assert told.suggestions == ("#1001", "#1000") and "1001: shipped" in told.text
    assert say(shop, "#1001", user_id="anna").sources == ("order:1001",)
    assert say(shop, "1000", user_id="anna").text == "Order 1000: delivered"
    assert say(shop, "1000", user_id="ben").action == "ask"


def test_a_callback_that_fails_costs_the_list_and_nothing_else(tmp_path: Path) -> None:
    def broken(user_id: str) -> list[object]:
        raise OSError("the shop's database is away")

    shop = Engine(store=f"sqlite:///{tmp_path}/b.db", testing=True, order_lookup=state, recent_orders=broken)
    assert shop.chat.reply("where is my order?", user_id="anna").action == "ask"
    shop.close()


def test_danger_is_met_with_a_humane_sentence_a_number_and_a_person(shop: Engine) -> None:
    told = say(shop, "i don't want to live anymore")
    assert told.action == "handover" and "116 123" in told.text and "sorry" in told.text
    assert "116 123" in say(shop, "我想自杀").text


def test_a_known_question_about_law_is_answered_and_an_unknown_one_gets_a_person(shop: Engine) -> None:
    assert say(shop, "what do you do about fraud?").sources == ("fraud",)
    assert say(shop, "i will call my lawyer").action == "handover"
    assert say(shop, "my handbag with the card was stolen").action == "handover"


def test_another_language_answers_where_the_own_one_has_nothing(shop: Engine) -> None:
    found = shop.chat.knowledge.search("What can I exchange my reward points for?", "en")
    assert found[0].entry.id == "points" and found[0].entry.language == "zh"


def test_a_long_answer_is_said_by_the_passage_that_fits_with_its_link(shop: Engine) -> None:
    filler = "We have sold mugs in this town for many years and are glad about each visitor. " * 20
    body = f"{filler}\n\nParcels to Norway take nine days and go by ship.\n\n{filler}"
    shop.chat.knowledge.upsert(
        [{"id": "north", "question": "Parcels to Norway and our shop", "answer": body, "url": "/help/north"}]
    )
    told = say(shop, "Parcels to Norway and our shop?")
    assert told.sources == ("north",) and "nine days" in told.text and len(told.text) < 700
    assert told.text.endswith("/help/north")
