"""Pieces of a training side by side: what they find is what one after another would, in the same order."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import joblib
import numpy as np
import pytest

from opsplug.models import parallel
from opsplug.models.intents import IntentModel
from opsplug.models.parallel import side_by_side, workers
from opsplug.models.recommend.mix import Mix
from opsplug.models.visitors.propensity import PropensityModel
from tests.contracts.recommender_contract import two_tastes


def mix() -> dict[str, Any]:
    return Mix.fit(*two_tastes(240), now=1e9 + 10 * 86400.0, seed=3).export()


def propensity() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(600, 4))
    return PropensityModel(seed=2).fit(rows, rows[:, 0] + rng.normal(size=600) > 0.5).export()


def intents() -> dict[str, Any]:
    texts = [f"{word} {n}" for word in ("refund money", "parcel where", "opening hours") for n in range(8)]
    return IntentModel().fit(texts, [text.split()[0] for text in texts]).to_arrays()


@pytest.mark.parametrize("train", [mix, propensity, intents])
def test_side_by_side_is_bit_for_bit_what_one_after_another_is(train: Callable[[], dict[str, Any]]) -> None:
    with workers(1):
        alone = train()
    with workers(3):
        together = train()
    assert list(alone) == list(together) and len(alone) > 3
    for name, values in alone.items():
        assert np.array_equal(values, together[name], equal_nan=values.dtype.kind == "f"), name


def test_as_many_as_were_asked_for_run_at_the_same_time() -> None:
    meeting = threading.Barrier(3)
    with workers(3):
        assert sorted(side_by_side([partial(meeting.wait, 30)] * 3)) == [0, 1, 2]


def test_without_a_word_the_pieces_run_here_in_their_order() -> None:
    ran: list[int] = []
    where = side_by_side([lambda n=n: ran.append(n) or threading.get_ident() for n in range(5)])
    assert ran == [0, 1, 2, 3, 4] and set(where) == {threading.get_ident()}


def test_the_shop_keeps_half_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, jobs in ((1, 1), (2, 1), (4, 2), (8, 4), (64, 4)):
        monkeypatch.setattr(parallel, "cores", lambda cores=cores: cores)
        with workers():
            assert joblib.effective_n_jobs(None) == jobs
    with workers(6):
        assert joblib.effective_n_jobs(None) == 6


def test_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= parallel.cores() <= (os.cpu_count() or 1)


def test_another_backend_runs_the_same_pieces() -> None:
    with workers(3, backend="sequential"):
        assert set(side_by_side([threading.get_ident] * 5)) == {threading.get_ident()}


def test_an_error_of_a_piece_comes_through() -> None:
    with workers(2), pytest.raises(ZeroDivisionError):
        side_by_side([lambda: 1, lambda: 1 // 0])
