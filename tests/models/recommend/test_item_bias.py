"""What is taken more or less often than foretold, and how quiet the favourites of all may be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend import fusion
from opsplug.models.recommend.scorers.item_bias import DOUBTS, FEWEST, Lesson, Taken
from opsplug.models.recommend.scorers.popularity_shrinkage import QUIET, SHARED, quieter

ITEMS = 40
QUESTIONS = 600
TASTE = fusion.CHANNELS.index("taste")
POPULAR = SHARED[0]
TABLE = np.ones((fusion.SITUATIONS, len(fusion.CHANNELS)), np.float32)


def asked(taken: NDArray[np.int64], features: NDArray[np.float32] | None = None) -> fusion.Samples:
    """One question for each of `taken`, oldest first, in which all items were candidates and this one was taken."""
    count = len(taken)
    shares = np.zeros((count, ITEMS))
    shares[np.arange(count), taken] = 1
    if features is None:
        features = np.zeros((count, ITEMS, len(fusion.CHANNELS)), np.float32)
    return fusion.Samples(
        features.reshape(count * ITEMS, -1), shares.ravel(), np.repeat(np.arange(count), ITEMS),
        np.tile(np.arange(ITEMS, dtype=np.int32), count), np.full(count, 9), np.arange(count, dtype=float),
    )  # fmt: skip


def test_an_item_taken_more_than_foretold_rises_where_repeats_are_wanted_and_one_less_taken_sinks_in_both() -> None:
    rng = np.random.default_rng(1)
    chances = np.full(ITEMS, 1.0)
    chances[-5:], chances[:20] = 8.0, 0.1  # ties go to the first items: without offsets the last are never shown
    data = asked(rng.choice(ITEMS, QUESTIONS, p=chances / chances.sum()))
    again = Lesson.of(data, TABLE, ITEMS, again=True).offsets
    new = Lesson.of(data, TABLE, ITEMS, again=False).offsets
    assert (again[-5:] > 0.2).all()
    assert (again[:20] < -0.05).all()
    assert new.max() == 0
    np.testing.assert_array_equal(new < 0, again < 0)


def test_one_log_of_takings_is_shrunk_toward_what_was_foretold() -> None:
    data = asked(ITEMS - 1 - np.arange(QUESTIONS) % 3)
    offsets = Lesson.of(data, TABLE, ITEMS, again=True).offsets
    foretold, taken = QUESTIONS / ITEMS, QUESTIONS / 3
    assert offsets[-1] < np.log(taken / foretold)
    assert min(abs(np.exp(offsets[-1]) - (taken + doubt) / (foretold + doubt)) for doubt in DOUBTS[1:]) < 1e-3


def test_a_shop_of_fashions_teaches_nothing() -> None:
    rng = np.random.default_rng(2)
    half = QUESTIONS // 2
    data = asked(np.concatenate([rng.integers(0, 10, half), rng.integers(20, 30, half)]))
    for again in (False, True):
        assert not Lesson.of(data, TABLE, ITEMS, again).offsets.any()


def test_few_questions_teach_nothing_and_leave_the_voices_as_they_are() -> None:
    lesson = Lesson.of(asked(np.full(2 * FEWEST - 2, ITEMS - 1)), TABLE, ITEMS, again=True)
    assert not lesson.offsets.any()
    assert quieter(lesson, TABLE) is TABLE


def test_visitors_of_whom_one_event_is_known_do_not_speak() -> None:
    data = asked(ITEMS - 1 - np.arange(QUESTIONS) % 3)
    data.sizes[:] = 1
    assert not Lesson.of(data, TABLE, ITEMS, again=True).offsets.any()


def favourites(useful: bool) -> tuple[Lesson, NDArray[np.float32]]:
    """Taste knows what half of the visitors take; where the favourites are useful, everybody takes one of them."""
    rng = np.random.default_rng(3)
    taken = rng.integers(0, ITEMS, QUESTIONS)
    if useful:
        taken[:] = rng.integers(0, 3, QUESTIONS)
    features = np.zeros((QUESTIONS, ITEMS, len(fusion.CHANNELS)), np.float32)
    features[:, :3, POPULAR] = 1.0
    features[:, :, TASTE] = 0.9 * rng.random((QUESTIONS, ITEMS))
    if not useful:
        features[np.arange(1, QUESTIONS, 2), taken[1::2], TASTE] = 1.0
    data = asked(taken, features)
    nothing = np.zeros(ITEMS, np.float32)
    return Lesson(nothing, data, nothing), TABLE


def test_favourites_of_all_are_quiet_where_nobody_takes_them_for_that() -> None:
    lesson, table = favourites(useful=False)
    changed = quieter(lesson, table)
    np.testing.assert_allclose(changed[1:, SHARED], QUIET[0])
    np.testing.assert_array_equal(changed[0], table[0])
    np.testing.assert_array_equal(np.delete(changed, SHARED, axis=1), np.delete(table, SHARED, axis=1))


def test_they_stay_loud_where_visitors_take_them() -> None:
    lesson, table = favourites(useful=True)
    assert quieter(lesson, table)[1, POPULAR] > 0.6


def test_it_is_the_same_after_export() -> None:
    part = Taken(np.random.default_rng(5).normal(size=(2, ITEMS)).astype(np.float32))
    np.testing.assert_array_equal(Taken.load(part.export()).offsets, part.offsets)
