"""The deep part's job: it says what is missing, judges on the past, and joins or leaves the mix in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opsplug.engine.jobs import JOBS
from opsplug.models.recommend.ranker import Ranker
from opsplug.models.recommend.weights import BUCKETS
from opsplug.training import deep
from opsplug.training.run.job import Work, jobs_named
from tests.support.shop import DAY, NOW, TEA, Shop, fill_catalogue, fill_events

torch = pytest.importorskip("torch", reason="the extra deep is not installed")

from opsplug.models.recommend.next_item import trainer as next_item_torch  # noqa: E402


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(deep, "MIN_EVENTS", 200)
    monkeypatch.setattr(deep, "MIN_QUESTIONS", 5)
    monkeypatch.setattr(next_item_torch, "ROUNDS", 1)
    monkeypatch.setattr(next_item_torch, "FEWEST_BATCHES", 5)
    shop = Shop(tmp_path)
    fill_catalogue(shop)
    fill_events(shop)
    yield shop
    shop.close()


def work(shop: Shop, **options: Any) -> Work:
    return Work(shop.store, shop.artefacts, clock=lambda: shop.now, options=options)


def ranker(shop: Shop) -> Ranker:
    version = shop.artefacts.current("recommendations")
    assert version is not None
    return Ranker.load(shop.artefacts.load("recommendations", version).arrays)


def test_without_torch_it_names_the_extra_and_nothing_changes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep, "find_spec", lambda name: None)
    report = deep.train(work(shop))
    assert "pip install 'opsplug[deep]'" in report.reason
    assert not report.promoted
    assert shop.artefacts.names() == []


def test_the_setting_and_a_small_shop_keep_it_from_training(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "setting" in deep.train(work(shop, deep=False)).reason
    monkeypatch.setattr(deep, "MIN_EVENTS", 10_000)
    assert "480 of 10000" in deep.train(work(shop)).reason
    assert shop.artefacts.names() == []


def test_it_is_a_job_of_its_own() -> None:
    assert "deep" not in [job.name for job in jobs_named(None, JOBS)]
    assert jobs_named(["deep"], JOBS)[0].every == DAY


def test_it_joins_the_mix_in_use_stays_in_the_next_and_leaves(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.train()
    before = ranker(shop)
    monkeypatch.setattr(deep, "joins", lambda cuts: True)
    monkeypatch.setattr(deep, "deep_weights", lambda trials: np.full(2 * BUCKETS, 5, np.float32))
    shop.now += 60
    report = deep.train(work(shop))
    assert report.promoted
    assert report.version == shop.artefacts.current("deep")
    assert report.baseline["ndcg@10"] > 0
    joined = ranker(shop)
    assert "deep" in joined.scorers
    network = [column.name for column in joined.columns].index("deep")
    np.testing.assert_array_equal(np.delete(joined.weights, network, axis=1), before.weights)
    assert (joined.weights[:, network] == 5).all()
    shares = joined.rank([(code, NOW, 0) for code in joined.codes(TEA[:3])], now=NOW + 60).contributions
    assert shares[:, network].max() > 0
    assert set(shop.ids(history=TEA[:3], now=NOW + 60, k=5)) <= set(TEA)

    shop.now += 60
    shop.do("view_item", "brand-new", visitor="w")
    shop.train()
    again = ranker(shop)
    assert "brand-new" in again.places
    assert "deep" in again.scorers

    shop.now += 60
    assert "setting" in deep.train(work(shop, deep=False)).reason
    assert "deep" not in ranker(shop).scorers

    shop.artefacts.rollback("recommendations")
    assert "deep" in ranker(shop).scorers
    monkeypatch.setattr(deep, "joins", lambda cuts: False)
    shop.now += 60
    report = deep.train(work(shop))
    assert not report.promoted
    assert "stays out" in report.reason
    assert "deep" not in ranker(shop).scorers
    assert "deep" not in [column.name for column in ranker(shop).columns]


def test_the_next_day_it_is_judged_by_that_day_and_goes_on(shop: Shop) -> None:
    shop.train()
    deep.train(work(shop))
    first = deep.current(work(shop))
    assert first is not None
    assert len(first.cuts) == len(deep.SHARES)
    shop.now += 60
    assert "nothing happened" in deep.train(work(shop)).reason
    for number in range(12):
        for step in range(5):
            at = NOW + number * 100 + step
            shop.do("view_item", TEA[(number + step) % 12], visitor=f"w{number}", at=at)
    shop.now = NOW + DAY
    deep.train(work(shop))
    second = deep.current(work(shop))
    assert second is not None
    assert second.rolled_at == first.rolled_at
    assert second.trained_until > first.trained_until
    assert second.cuts[:-1] == first.cuts
    assert second.cuts[-1]["cut"] == first.trained_until
    np.testing.assert_array_equal(second.weights, first.weights)


def test_stopped_in_the_middle_nothing_is_published(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.train()
    version = shop.artefacts.current("recommendations")

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(next_item_torch._Training, "_round", stopped)
    with pytest.raises(KeyboardInterrupt):
        deep.train(work(shop))
    assert shop.artefacts.current("deep") is None
    assert shop.artefacts.current("recommendations") == version


def test_without_time_what_was_learnt_so_far_is_published(shop: Shop) -> None:
    report = deep.train(replace(work(shop), budget_s=0.0))
    assert report.version
    found = deep.current(work(shop))
    assert found is not None
    assert found.trained_until < NOW
    assert np.isfinite(found.network.vectors).all()


def test_a_model_is_judged_with_a_network_only_of_its_own_past(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep, "joins", lambda cuts: True)
    deep.train(work(shop))
    found = deep.current(work(shop))
    assert found is not None
    fit = deep.fitting(work(shop))
    from opsplug.features.items import catalogue
    from opsplug.training.reader import read_interactions

    log, items = read_interactions(shop.store), catalogue(shop.store.items())
    assert "deep" not in fit(log, items, now=found.trained_until - DAY).members
    assert "deep" in fit(log, items).members


def test_it_joins_where_most_cut_offs_gain() -> None:
    def cut(without: float, with_it: float) -> dict[str, float]:
        return {"without": without, "with": with_it}

    assert not deep.joins([])
    assert deep.joins([cut(0.1, 0.11)])
    assert not deep.joins([cut(0.1, 0.11), cut(0.1, 0.099)])
    assert deep.joins([cut(0.1, 0.11), cut(0.1, 0.099), cut(0.1, 0.101)])
    assert not deep.joins([cut(0.1, 0.101), cut(0.1, 0.05), cut(0.1, 0.101)])
