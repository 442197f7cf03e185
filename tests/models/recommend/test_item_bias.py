"""Item bias, and how far the weights of what says the same to everybody are shrunk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.constants import BIAS_MIN_QUESTIONS, BIAS_PRIORS, SHRINKAGE_GRID
from opsplug.models.recommend.item_bias import BiasEstimate, ItemBias
from opsplug.models.recommend.popularity_shrinkage import SHARED, shrink_popularity
from opsplug.models.recommend.registry import VISITOR_CHANNELS
from opsplug.models.recommend.weights import BUCKETS, Samples

ITEMS = 40
QUESTIONS = 600
COUNT = len(VISITOR_CHANNELS)
TASTE = [channel.name for channel in VISITOR_CHANNELS].index("taste")
POPULAR = SHARED[0]
TABLE = np.ones((BUCKETS, COUNT), np.float32)


def asked(taken: NDArray[np.int64], features: NDArray[np.float32] | None = None) -> Samples:
    """One question for each of `taken`, oldest first, in which all items were candidates and this one was taken."""
    count = len(taken)
    shares = np.zeros((count, ITEMS))
    shares[np.arange(count), taken] = 1
    if features is None:
        features = np.zeros((count, ITEMS, COUNT), np.float32)
    return Samples(
        features.reshape(count * ITEMS, -1), shares.ravel(), np.repeat(np.arange(count), ITEMS),
        np.tile(np.arange(ITEMS, dtype=np.int32), count), np.full(count, 9), np.arange(count, dtype=float),
    )  # fmt: skip


def test_an_item_taken_more_than_predicted_rises_where_repeats_are_wanted_and_one_less_taken_sinks_in_both() -> None:
    rng = np.random.default_rng(1)
    chances = np.full(ITEMS, 1.0)
    chances[-5:], chances[:20] = 8.0, 0.1  # ties go to the first items: without offsets the last are never shown
    data = asked(rng.choice(ITEMS, QUESTIONS, p=chances / chances.sum()))
    again = BiasEstimate.of(data, TABLE, ITEMS, repeats=True).offsets
    new = BiasEstimate.of(data, TABLE, ITEMS, repeats=False).offsets
    assert (again[-5:] > 0.2).all()
    assert (again[:20] < -0.05).all()
    assert new.max() == 0
    np.testing.assert_array_equal(new < 0, again < 0)


def test_one_log_is_shrunk_toward_what_was_predicted() -> None:
    data = asked(ITEMS - 1 - np.arange(QUESTIONS) % 3)
    offsets = BiasEstimate.of(data, TABLE, ITEMS, repeats=True).offsets
    predicted, taken = QUESTIONS / ITEMS, QUESTIONS / 3
    assert offsets[-1] < np.log(taken / predicted)
    assert min(abs(np.exp(offsets[-1]) - (taken + prior) / (predicted + prior)) for prior in BIAS_PRIORS[1:]) < 1e-3


def test_a_shop_of_fashions_teaches_nothing() -> None:
    rng = np.random.default_rng(2)
    half = QUESTIONS // 2
    data = asked(np.concatenate([rng.integers(0, 10, half), rng.integers(20, 30, half)]))
    for repeats in (False, True):
        assert not BiasEstimate.of(data, TABLE, ITEMS, repeats).offsets.any()


def test_few_questions_teach_nothing_and_leave_the_weights_as_they_are() -> None:
    bias = BiasEstimate.of(asked(np.full(2 * BIAS_MIN_QUESTIONS - 2, ITEMS - 1)), TABLE, ITEMS, repeats=True)
    assert not bias.offsets.any()
    assert shrink_popularity(bias, TABLE) is TABLE


def test_visitors_of_whom_one_event_is_known_do_not_speak() -> None:
    data = asked(ITEMS - 1 - np.arange(QUESTIONS) % 3)
    data.sizes[:] = 1
    assert not BiasEstimate.of(data, TABLE, ITEMS, repeats=True).offsets.any()


def favourites(useful: bool) -> tuple[BiasEstimate, NDArray[np.float32]]:
    """Taste knows what half of the visitors take; where the favourites are useful, everybody takes one of them."""
    rng = np.random.default_rng(3)
    taken = rng.integers(0, ITEMS, QUESTIONS)
    if useful:
        taken[:] = rng.integers(0, 3, QUESTIONS)
    features = np.zeros((QUESTIONS, ITEMS, COUNT), np.float32)
    features[:, :3, POPULAR] = 1.0
    features[:, :, TASTE] = 0.9 * rng.random((QUESTIONS, ITEMS))
    if not useful:
        features[np.arange(1, QUESTIONS, 2), taken[1::2], TASTE] = 1.0
    data = asked(taken, features)
    nothing = np.zeros(ITEMS, np.float32)
    return BiasEstimate(nothing, data, nothing), TABLE


def test_popularity_is_shrunk_where_nobody_follows_it() -> None:
    bias, table = favourites(useful=False)
    changed = shrink_popularity(bias, table)
    np.testing.assert_allclose(changed[1:, SHARED], SHRINKAGE_GRID[0])
    np.testing.assert_array_equal(changed[0], table[0])
    np.testing.assert_array_equal(np.delete(changed, SHARED, axis=1), np.delete(table, SHARED, axis=1))


def test_popularity_keeps_its_weight_where_visitors_follow_it() -> None:
    bias, table = favourites(useful=True)
    assert shrink_popularity(bias, table)[1, POPULAR] > 0.6


def test_it_is_the_same_after_export() -> None:
    part = ItemBias(np.random.default_rng(5).normal(size=(2, ITEMS)).astype(np.float32))
    np.testing.assert_array_equal(ItemBias.load(part.export()).offsets, part.offsets)
