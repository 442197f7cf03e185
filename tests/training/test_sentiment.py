"""Sentiment from the shop's own rated texts: learned per language, judged on the newest, served live, reported."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsplug import Engine
from opsplug.models.sentiment import SentimentModel
from opsplug.models.text.aspects import aspects
from opsplug.services.transfer import importer as transfer
from opsplug.training.labelled import labelled

START = 1_790_000_000.0


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(store=f"sqlite:///{tmp_path}/s.db", testing=True)
    yield made
    made.close()


def review(shop: Engine, at: int, text: str, rating: float, item_id: str = "mug", best: float = 5) -> None:
    properties = {"rating": rating, "rating_max": best, "text": text}
    shop.track(
        "rate_item", items=[{"item_id": item_id}], anonymous_id=f"v{at}", timestamp=START + at, properties=properties
    )


def slang(shop: Engine, count: int, seed: int = 0, turned: bool = False) -> None:
    """Reviews in words of praise and complaint that no word list has."""
    rng = random.Random(seed)
    for at in range(count):
        good = rng.random() < 0.5
        words = rng.sample(["zappy", "blorpy", "quixel"] if good else ["mungy", "dretch", "skwaff"], 2)
        review(shop, at, f"the mug is {words[0]} and {words[1]}", (5 if good != turned else 1))
    shop.flush()


def test_the_shops_own_words_are_learned_and_served_without_a_restart(shop: Engine) -> None:
    assert shop.sentiment.score("so zappy and quixel").polarity == 0
    slang(shop, 240)
    [report] = shop.train(["sentiment"])
    assert report.promoted and report.metrics["en accuracy"] > 0.95 > 0.7 > report.baseline["en accuracy"]
    assert shop.sentiment.score("so zappy and quixel").label == "positive"
    assert shop.sentiment.score("dretch, mungy").label == "negative"
    assert shop.sentiment.score("很好吃").label == "positive"  # the language without reviews keeps its word lists
    kept = shop.sentiment.report()
    assert kept is not None and kept["languages"]["en"]["learnt"] and not kept["languages"]["zh"]["learnt"]


def test_too_few_or_senseless_labels_leave_the_word_lists(shop: Engine) -> None:
    assert shop.train(["sentiment"]) == []
    rng = random.Random(1)
    for at in range(200):
        review(shop, at, rng.choice(["I love it, great", "awful, it broke"]), rng.choice([1, 5]))
    shop.flush()
    [report] = shop.train(["sentiment"])
    assert not report.promoted and "not served" in report.reason
    assert shop.sentiment.score("I love it, great").label == "positive"


def test_a_model_that_would_be_worse_than_the_one_in_use_is_not_served(shop: Engine, monkeypatch: Any) -> None:
    slang(shop, 240)
    [first] = shop.train(["sentiment"])
    for at in range(240, 400):
        review(shop, at, "zappy quixel" if at % 2 else "mungy dretch", 5 if at % 2 else 1)
    shop.flush()
    fit = SentimentModel.fit
    monkeypatch.setattr(
        SentimentModel, "fit", lambda self, texts, labels: fit(self, texts, [1 - label for label in labels])
    )
    [second] = shop.train(["sentiment"])
    assert not second.promoted and shop.artefacts.current("sentiment") == first.version


def test_rated_chats_are_labels_too(shop: Engine) -> None:
    told = shop.chat.reply("my parcel never came and nobody helps", anonymous_id="v")
    conversation = shop.chat.log.read(told.conversation_id)
    assert conversation is not None
    shop.chat.log.append(conversation, "rated", by="visitor", data={"score": 1})
    shop.chat.reply("unrated words", anonymous_id="w")
    assert [(one.text, one.praise) for one in labelled(shop.store)] == [
        ("my parcel never came and nobody helps", False)
    ]


@pytest.mark.parametrize(
    ("rating", "best", "praise"),
    [(5, 5, True), (4, 5, True), (3, 5, None), (2, 5, False), (10, 10, True), (0, 1, False)],
)
def test_what_a_rating_means(shop: Engine, rating: float, best: float, praise: bool | None) -> None:
    review(shop, 1, "a mug", rating, best=best)
    for bad in ({"rating": "x"}, {"rating": 5, "rating_max": 0}, {"rating": None}):
        shop.track("rate_item", items=[{"item_id": "a"}], properties={**bad, "text": "no"}, anonymous_id="v")
    shop.flush()
    assert [one.praise for one in labelled(shop.store)] == [praise]


def test_a_reviews_text_is_stored_masked_whatever_the_way_in(shop: Engine, tmp_path: Path) -> None:
    review(shop, 1, "call 13812345678 or a@b.io", 5)
    shop.flush()
    (tmp_path / "r.csv").write_text(
        "event,item_id,user_id,timestamp,rating,text\nrate_item,mug,u1,1790000100,1,mail a@b.io or 13812345678\n"
    )
    transfer.import_events(shop.store, tmp_path / "r.csv", shop.keys.pseudonym)
    texts = [one.text for one in labelled(shop.store)]
    assert texts == ["call [phone] or [email]", "mail [email] or [phone]"]


def test_the_report_speaks_of_aspects_and_products(shop: Engine) -> None:
    for at in range(10):
        review(shop, at, "Delivery was slow and terrible, but the quality is great", 4, "mug")
        review(shop, 100 + at, "质量很好，就是太贵了", 4, "tea")
    shop.flush()
    shop.train(["sentiment"])
    report = shop.sentiment.report()
    assert report is not None
    mug = next(row for row in report["products"] if row["item_id"] == "mug")
    assert mug["delivery"]["polarity"] < 0 < mug["quality"]["polarity"] and mug["delivery"]["texts"] == 10
    tea = next(row for row in report["products"] if row["item_id"] == "tea")
    assert tea["price"]["polarity"] < 0 < tea["quality"]["polarity"]
    assert report["aspects"]["quality"]["texts"] == 20


def test_other_texts_than_those_learned_from_are_noticed(shop: Engine) -> None:
    for at in range(300):
        review(shop, at, "great and perfect" if at < 225 else "awful and broken", 5 if at % 2 else 1)
    shop.flush()
    shop.train(["sentiment"])
    report = shop.sentiment.report()
    assert report is not None and report["languages"]["en"]["has_shifted"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The courier was rude", {"delivery", "service"}),
        ("太贵了", {"price"}),
        ("送餐很慢，味道不错", {"delivery", "quality"}),
        ("I like it", set()),
        ("", set()),
    ],
)
def test_aspects_are_what_is_spoken_of(text: str, said: set[str]) -> None:
    model = SentimentModel()
    assert set(aspects(text, lambda clause: model.score(clause).polarity)) == said
