"""Sentiment: what it must get right by words alone, what it learns, and that arrays carry all of it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from opsplug.errors import ModelError
from opsplug.models.sentiment import SentimentModel
from opsplug.models.text.language import detect_language
from tests.support.samples import texts


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("I love this mug, it is perfect", 1),
        ("The handle broke after a week", -1),
        ("not good at all", -1),
        ("it doesn't work", -1),
        ("no problems so far, works great", 1),
        ("很好吃，送得也快", 1),
        ("不好吃，送得太慢", -1),
        ("包装破损，非常失望", -1),
        ("👍👍", 1),
        ("The parcel has a label", 0),
    ],
)
def test_the_cold_start_reads_praise_and_complaint(text: str, sign: int) -> None:
    assert np.sign(SentimentModel().predict([text])[0].polarity) == sign


def test_a_contrast_weighs_what_follows() -> None:
    praise, complaint = SentimentModel().predict(["slow but perfect", "perfect but slow"])
    assert praise.polarity > complaint.polarity


def planted(praise: str, complaint: str) -> tuple[list[str], list[int]]:
    texts = [f"{word} item number {at}" for at in range(30) for word in (praise, complaint)]
    return texts, [1, 0] * 30


def test_a_word_of_the_shops_own_is_learned_and_survives_arrays() -> None:
    model = SentimentModel().fit(*planted("grumblewort", "snazzleback"))
    carried = SentimentModel.from_arrays(model.to_arrays())
    asked = ["a grumblewort", "a snazzleback", "plain", "很好"]
    assert [sentiment.label for sentiment in model.predict(asked)[:2]] == ["positive", "negative"]
    for one, other in zip(model.predict(asked), carried.predict(asked), strict=True):
        assert one.label == other.label and one.polarity == pytest.approx(other.polarity, abs=1e-5)


def test_a_language_without_labels_stays_cold() -> None:
    model = SentimentModel().fit(*planted("grumblewort", "snazzleback"))
    assert model.predict(["很好吃"]) == SentimentModel().predict(["很好吃"])


def test_lengths_must_agree() -> None:
    with pytest.raises(ModelError, match="labels"):
        SentimentModel().fit(["one"], [1, 0])


def test_serving_imports_no_training_library() -> None:
    code = (
        "import sys; from opsplug.models.sentiment import SentimentModel; from opsplug.models.intents import IntentModel;"
        "from opsplug.models.text.retrieval import KnowledgeIndex; SentimentModel().predict(['good', '很好']);"
        "print([m for m in ('sklearn', 'scipy', 'textblob', 'nltk', 'torch') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How can I track my order?", "en"),
        ("可以退货吗", "zh"),
        ("我想买一个 mug", "zh"),
        ("Wie kann ich meine Bestellung stornieren?", "de"),
        ("Où est ma commande ?", "fr"),
        ("ありがとうございます", "ja"),
        ("где мой заказ", "ru"),
        ("12345 !!", "en"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("language", ["en", "zh"])
def test_cold_start_on_sentences_about_products(language: str) -> None:
    """Written for this test, without looking at the word lists; benchmarks/sentiment.py judges on published reviews."""
    kinds = texts("reviews.json")[language]
    found = [
        (one.polarity > 0) is (kind == "praise")
        for kind, said in kinds.items()
        for one in SentimentModel().predict(said)
    ]
    assert len(found) >= 24 and np.mean(found) >= 0.9


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("收到的商品破损怎么办？", "neutral"),
        ("东西坏了你们赔吗", "neutral"),
        ("能不能给我发顺丰", "neutral"),
        ("怎么取消订单？", "neutral"),
        ("what do I do if it arrives broken?", "neutral"),
        ("can I cancel my order", "neutral"),
        ("你们的服务怎么这么差？", "negative"),
        ("你们是骗子吗", "negative"),
        ("Why is your service so terrible?", "negative"),
        ("it arrived broken", "negative"),
    ],
)
def test_a_question_that_names_bad_things_complains_of_none(text: str, label: str) -> None:
    assert SentimentModel().score(text).label == label
