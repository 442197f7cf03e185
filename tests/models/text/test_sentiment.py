"""Sentiment: what it must get right by words alone, what it learns, and that arrays carry all of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from opsplug.errors import ModelError
from opsplug.models.sentiment import SentimentModel
from opsplug.models.text.language import detect_language

DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "sentiment"


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


def test_cold_start_on_reviews() -> None:
    """The training part only: the test split is for benchmarks/sentiment.py."""
    if not DATA.exists():
        pytest.skip(f"reviews are absent: {DATA}")
    lines = (DATA / "custrev.all").read_text(encoding="utf-8", errors="replace").splitlines()[:1500]
    labels = np.array([line[0] == "1" for line in lines])
    found = np.array([s.polarity > 0 for s in SentimentModel().predict([line[2:] for line in lines])])
    assert np.mean(found == labels) > 0.72
