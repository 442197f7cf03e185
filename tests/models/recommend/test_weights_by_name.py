"""Weights find their channels by name, whatever the version that trained the model had."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from opsplug.errors import ModelError
from opsplug.models.recommend import ranker as serving
from opsplug.models.recommend.compatibility import FORMAT, POSITIONS
from opsplug.models.recommend.mix import Mix
from opsplug.models.recommend.ranker import Ranker
from opsplug.models.recommend.registry import VISITOR_CHANNELS
from opsplug.models.recommend.weights import BUCKETS
from tests.contracts.recommender_contract import two_tastes

NOW = 1e9 + 10 * 86400.0
Arrays = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    """A model in which every channel has a weight of its own."""
    found = Mix.fit(*two_tastes(120), now=NOW).export()
    table = found["channel_weights"]
    table[:] = 1.0 + np.arange(table.shape[1])
    table[:BUCKETS, [not channel.discovery for channel in VISITOR_CHANNELS]] = 0
    return found


def weight_of(ranker: Ranker, name: str) -> float:
    names = [column.name for column in ranker.columns if not column.beside]
    return float(ranker.weights[-1, names.index(name)]) if name in names else 0.0


def lists(ranker: Ranker) -> list[tuple[list[int], list[str]]]:
    found = []
    for visitor in range(6):
        history = [((visitor * 3 + step * 7) % 20, NOW - 600.0 + step, 0) for step in range(visitor)]
        for repeats in (False, True):
            ranked = ranker.rank(history, now=NOW, k=10, repeats=repeats)
            found.append((ranked.codes.tolist(), ranked.reasons))
    return found


def test_the_order_of_the_stored_weights_means_nothing(arrays: Arrays) -> None:
    order = np.random.default_rng(1).permutation(len(arrays["channels"]))
    shuffled = arrays | {"channels": arrays["channels"][order], "channel_weights": arrays["channel_weights"][:, order]}
    one, two = Ranker.load(arrays), Ranker.load(shuffled)
    np.testing.assert_array_equal(one.weights, two.weights)
    assert lists(one) == lists(two)


def test_a_model_from_before_a_channel_was_inserted(arrays: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    before = lists(Ranker.load(arrays))
    inserted = replace(VISITOR_CHANNELS[0], name="inserted", decay=0.5)
    monkeypatch.setattr(serving, "VISITOR_CHANNELS", (inserted, *VISITOR_CHANNELS))
    ranker = Ranker.load(arrays)
    assert ranker.columns[0].name == "inserted"
    assert weight_of(ranker, "inserted") == 0
    assert weight_of(ranker, "session") == weight_of(Ranker.load(arrays), "session") > 0
    assert lists(ranker) == before


@pytest.mark.parametrize("scorer", ["session", "trend"])
def test_a_model_from_before_a_scorer_was_removed(
    arrays: Arrays, scorer: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    removed = [channel for channel in VISITOR_CHANNELS if channel.scorer == scorer]
    whole = Ranker.load(arrays)
    monkeypatch.setattr(serving, "VISITOR_CHANNELS", tuple(c for c in VISITOR_CHANNELS if c not in removed))
    monkeypatch.setattr(serving, "SCORERS", {k: v for k, v in serving.SCORERS.items() if v not in removed[0].classes})
    with caplog.at_level(logging.WARNING, logger="opsplug"):
        ranker = Ranker.load(arrays)
    (line,) = [record.getMessage() for record in caplog.records if "channels" in record.getMessage()]
    assert all(channel.name in line for channel in removed)
    for channel in VISITOR_CHANNELS:
        assert weight_of(ranker, channel.name) == (0 if channel in removed else weight_of(whole, channel.name))
    assert all(len(codes) == 10 for codes, _ in lists(ranker))


def test_a_renamed_channel_starts_at_nothing_and_takes_nobody_s_weight(
    arrays: Arrays, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = Ranker.load(arrays)
    renamed = tuple(replace(c, name="sessions") if c.name == "session" else c for c in VISITOR_CHANNELS)
    monkeypatch.setattr(serving, "VISITOR_CHANNELS", renamed)
    with caplog.at_level(logging.WARNING, logger="opsplug"):
        ranker = Ranker.load(arrays)
    assert "session" in caplog.text
    assert weight_of(ranker, "sessions") == 0
    assert all(
        weight_of(ranker, channel.name) == weight_of(whole, channel.name)
        for channel in VISITOR_CHANNELS
        if channel.name != "session"
    )


def as_before(arrays: Arrays, network: bool = False) -> Arrays:
    """The same model as the version before wrote it: weights by position, and other names of members and arrays."""
    names = arrays["channels"].tolist()
    table = arrays["channel_weights"]
    old = np.zeros((len(table), len(POSITIONS)), np.float32)
    for column, name in enumerate(POSITIONS):
        if name in names:
            old[:, column] = table[:, names.index(name)]
    renamed = {
        "item_bias/offsets": "taken/offsets", "item_bias/kind": "taken/kind", "cold_items/kind": "new/kind",
        "trend/recent": "trend/fresh", "buy_again/repurchase_rate": "buy_again/habit",
    }  # fmt: skip
    found = {
        renamed.get(key, key.replace("cold_items/", "new/")): value
        for key, value in arrays.items()
        if key not in ("format", "channels", "channel_weights")
    }
    kinds = {"taken/kind": np.array(["taken"]), "new/kind": np.array(["new"]), "new/size": np.array([20])}
    return {**found, **kinds, "weights": old}


def test_a_model_of_the_version_before_serves_the_same_lists(arrays: Arrays) -> None:
    old, new = Ranker.load(as_before(arrays)), Ranker.load(arrays)
    np.testing.assert_array_equal(old.weights, new.weights)
    np.testing.assert_array_equal(old.bias.offsets, new.bias.offsets)
    assert old.cold_items is not None and new.cold_items is not None
    assert old.cold_items.strength == new.cold_items.strength
    assert lists(old) == lists(new)


def test_one_from_before_the_newest_channels_and_strengths_does_too(arrays: Arrays) -> None:
    older = as_before(arrays)
    older["weights"] = older["weights"][:, :13]  # it knew neither `deep` nor the interval
    del older["new/strength"]
    ranker = Ranker.load(older)
    assert weight_of(ranker, "repurchase_interval") == 0
    assert weight_of(ranker, "session") == weight_of(Ranker.load(arrays), "session")
    assert ranker.cold_items is not None and ranker.cold_items.strength == 1.0


def test_the_version_before_finds_no_weights_in_ours_and_so_cannot_misread_them(arrays: Arrays) -> None:
    """It reads `arrays["weights"]`; a worker that meets a model it cannot read logs one line and keeps the last one."""
    assert "weights" not in arrays


def test_a_model_of_a_later_version_is_refused_with_one_sentence(arrays: Arrays) -> None:
    with pytest.raises(ModelError, match=f"format {FORMAT + 1}, this version of opsplug reads up to {FORMAT}"):
        Ranker.load(arrays | {"format": np.array([FORMAT + 1])})
