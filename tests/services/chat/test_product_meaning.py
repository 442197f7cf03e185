"""Products that mean what is looked for, where no word of theirs is in the question."""

from __future__ import annotations

import pytest

from opsplug.models.text.multilingual import Multilingual
from opsplug.services.chat.conversation.chat import Chat
from opsplug.services.chat.knowledge.product_search import CatalogueSearch
from opsplug.services.chat.knowledge.vectors import Vectors
from tests.support.memory_store import Memory

NAMES = (
    "Dolly Girl Lunch Box", "Glamorous Mug", "Christmas Tree Star Decoration", "Red Retrospot Shopper Bag",
    "Blue Polkadot Shopper Bag", "Ivory Wall Clock", "Citronella Candle Flowerpot", "Wall Art Big Love",
)  # fmt: skip
ITEMS = [{"item_id": name, "item_name": name, "price": float(at + 1)} for at, name in enumerate(NAMES)]


@pytest.fixture(scope="module")
def chat() -> Chat:
    encoder = Multilingual()
    vectors = Vectors(lambda: encoder)
    return Chat(Memory(), search=CatalogueSearch(lambda: ITEMS, lambda: 1, vectors=vectors), vectors=vectors)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("有午餐盒吗", "Dolly Girl Lunch Box"),
        ("我想买马克杯", "Glamorous Mug"),
        ("圣诞装饰", "Christmas Tree Star Decoration"),
        ("有没有红色的袋子", "Red Retrospot Shopper Bag"),
        ("do you sell timepieces for the wall?", "Ivory Wall Clock"),
    ],
)
def test_another_language_and_other_words_find_it(chat: Chat, asked: str, name: str) -> None:
    found = chat.reply(asked, anonymous_id=asked)
    assert found.action == "search" and found.items[0]["item_id"] == name


def test_what_is_not_sold_is_not_found_and_nothing_is_sold_to_a_no(chat: Chat) -> None:
    for asked in ("do you have a laptop?", "no", "get me a person", "who won the football match yesterday"):
        assert not chat.reply(asked, anonymous_id=asked).items, asked


def test_do_you_have_it_in_blue_changes_the_search(chat: Chat) -> None:
    first = chat.reply("do you have a red shopper bag?", anonymous_id="v")
    second = chat.reply("do you have it in blue?", first.conversation_id, anonymous_id="v")
    assert [item["item_id"] for item in second.items] == ["Blue Polkadot Shopper Bag"]
