"""Intents with a known right answer, and none for what is none of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from opsplug.errors import ModelError
from opsplug.models.intents import IntentModel

EXAMPLES = {
    "card_lost": ["I lost my card", "my card is gone", "someone stole my card", "card missing since monday"],
    "refund_status": [
        "where is my refund",
        "refund not received",
        "when do I get the money back",
        "still waiting for refund",
    ],
    "change_address": [
        "I moved to a new address",
        "change my address",
        "update my home address",
        "new street and town",
    ],
    "delivery_time": [
        "how long does delivery take",
        "when will it arrive",
        "delivery time please",
        "how many days to ship",
    ],
    "cancel_order": ["cancel my order", "I want to cancel", "please stop the order", "cancel what I bought"],
    "opening_hours": ["when are you open", "opening hours", "are you open on sunday", "what time do you close"],
}
TEXTS = [text for texts in EXAMPLES.values() for text in texts]
NAMES = [name for name, texts in EXAMPLES.items() for _ in texts]


@pytest.fixture(scope="module")
def model() -> IntentModel:
    return IntentModel().fit(TEXTS, NAMES)


def test_other_words_find_their_intent(model: IntentModel) -> None:
    assert model.signals("my cards were stolen")[0] == "card_lost"
    assert model.signals("please cancel the order I made")[0] == "cancel_order"


def test_what_is_no_intent_is_less_sure_than_what_is_one(model: IntentModel) -> None:
    known, unknown = model.predict(["cancel my order please", "purple elephants dance tango"])
    assert known.confidence > unknown.confidence
    assert unknown.name is None


def test_arrays_carry_everything(model: IntentModel) -> None:
    carried = IntentModel.from_arrays(model.to_arrays())
    asked = ["is my refund coming", "open on sunday?", "哈哈", ""]
    for one, other in zip(model.predict(asked), carried.predict(asked), strict=True):
        assert one.name == other.name and one.confidence == pytest.approx(other.confidence, abs=1e-5)


def test_two_intents_and_chinese() -> None:
    model = IntentModel(threshold=0.0).fit(
        ["我要退货", "怎么退货", "多久发货", "什么时候发货"], ["return", "return", "ship", "ship"]
    )
    assert [intent.name for intent in model.predict(["退货可以吗", "几天发货"])] == ["return", "ship"]


def test_errors_name_the_remedy() -> None:
    with pytest.raises(ModelError, match="two intents"):
        IntentModel().fit(["a", "b"], ["x", "x"])
    with pytest.raises(ModelError, match="before fit"):
        IntentModel().predict(["a"])


class Encoder:
    """Knows which words mean the same: what sentence vectors add to words."""

    name = "toy"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        subjects = (("money", "refund", "reimburse", "cash"), ("parcel", "delivery", "courier", "package"))
        rows = [[sum(word in text for word in subject) + 0.01 for subject in subjects] for text in texts]
        return np.array([np.array(row) / np.linalg.norm(row) for row in rows], dtype=np.float32)


def test_sentence_vectors_know_words_that_no_example_has() -> None:
    texts = ["I want my money", "give the money", "where is my parcel", "the parcel is late"]
    model = IntentModel(encoder=Encoder()).fit(texts, ["pay", "pay", "ship", "ship"])
    assert model.signals("reimburse my cash")[0] == "pay" and model.signals("the courier and the package")[0] == "ship"
    arrays = model.to_arrays()
    again = IntentModel.from_arrays(arrays, Encoder())
    found, again = again.predict(["cash refund"]), model.predict(["cash refund"])
    assert [one.name for one in found] == [one.name for one in again]
    assert [one.confidence for one in found] == pytest.approx([one.confidence for one in again])
    with pytest.raises(ModelError, match="toy"):
        IntentModel.from_arrays(arrays)
