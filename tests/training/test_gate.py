"""A worse model is not served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opsplug.engine.jobs import train
from opsplug.features.interactions import Interactions, interactions
from opsplug.features.items import Catalogue, catalogue
from opsplug.models.recommend.mix import Mix
from opsplug.models.recommend.ranker import Ranker
from opsplug.models.recommend.weights import WeightTable
from opsplug.training.gate import MIN_QUESTIONS, Champion, judge
from tests.support.shop import NOW, Shop, fill_catalogue, fill_events

DAY = 86_400.0


def shop_log(visitors: int = 150, seed: int = 0) -> tuple[Interactions, Catalogue]:
    """Ten walks of tastes through 60 items, over 30 days: what comes next is known, and popularity knows little."""
    rng = np.random.default_rng(seed)
    rows = []
    for visitor in range(visitors):
        taste, start = visitor % 10, rng.uniform(0, 30) * DAY
        first = rng.integers(0, 6)
        for step in range(8):
            item = taste * 6 + (first + step) % 6
            rows.append((f"v{visitor}", f"i{item}", 1.7e9 + start + step * DAY / 4, "view_item", None))
    return interactions(rows), catalogue({"item_id": f"i{n}", "item_name": f"n{n}"} for n in range(60))


def quick(log: Interactions, items: Catalogue, *, now: float | None = None, seed: int = 0, **_: Any) -> Mix:
    return Mix.fit(log, items, now=now, seed=seed, budget_s=0)


class Contrary(Ranker):
    """Shows last what should come first."""

    def rank(self, history: Any, **question: Any) -> Any:
        found = super().rank(history, **{**question, "k": len(self.item_ids)})
        order = np.argsort(found.scores, kind="stable")[: question["k"]]
        return type(found)(
            found.codes[order], found.scores[order], found.reasons, found.anchors, found.rung, found.contributions
        )


class Spoilt:
    def __init__(self, mix: Mix) -> None:
        self._arrays = mix.export()

    def ranker(self) -> Ranker:
        return Contrary.load(self._arrays)


@pytest.fixture(scope="module")
def data() -> tuple[Interactions, Catalogue]:
    return shop_log()


def test_a_model_that_knows_more_than_popularity_passes(data: tuple[Interactions, Catalogue]) -> None:
    verdict = judge(*data, fit=quick)
    assert verdict.promote
    assert verdict.metrics["questions"] >= MIN_QUESTIONS
    assert verdict.metrics["ndcg@10"] > verdict.baseline["ndcg@10"]
    assert verdict.metrics["to_popularity_low"] > 1


def test_a_model_worse_than_popularity_is_refused(data: tuple[Interactions, Catalogue]) -> None:
    verdict = judge(*data, fit=lambda *args, **options: Spoilt(quick(*args, **options)))  # type: ignore[arg-type]
    assert not verdict.promote
    assert "worse than popularity" in verdict.reason


def test_a_model_worse_than_the_one_in_use_is_refused(data: tuple[Interactions, Catalogue]) -> None:
    log, items = data
    cut = float(np.quantile(log.times, 0.75))
    good = quick(log.before(cut), items, now=cut).ranker()

    def forgetful(log: Interactions, items: Catalogue, **options: Any) -> Mix:
        """Popularity alone, of which one visitor is told as much as the other."""
        mix = quick(log, items, **options)
        mix.weights = WeightTable(("popular",), np.ones((len(mix.weights.table), 1), np.float32))
        return mix

    verdict = judge(log, items, champion=Champion(good, cut), fit=forgetful)
    assert verdict.metrics["to_popularity"] == pytest.approx(1, abs=0.1), "it answers as popularity does"
    assert verdict.metrics["to_champion_high"] < 1
    assert not verdict.promote
    assert "worse than the model in use" in verdict.reason
    same = judge(log, items, champion=Champion(good, cut), fit=quick)
    assert same.promote
    assert same.metrics["to_champion"] > 0.9


def test_the_model_in_use_is_never_asked_what_it_was_trained_on(data: tuple[Interactions, Catalogue]) -> None:
    log, items = data
    everything = quick(log, items).ranker()
    verdict = judge(log, items, champion=Champion(everything, log.newest), fit=quick)
    assert "to_champion" not in verdict.metrics
    assert verdict.promote


def test_too_little_to_judge_is_said(data: tuple[Interactions, Catalogue]) -> None:
    log, items = data
    verdict = judge(log.take(np.arange(40)), items, fit=quick)
    assert verdict.promote
    assert "too few events" in verdict.reason
    once, _ = shop_log(4)
    assert judge(once, items, fit=quick).promote


def test_the_same_log_has_the_same_verdict(data: tuple[Interactions, Catalogue]) -> None:
    assert judge(*data, fit=quick, seed=3).metrics == judge(*data, fit=quick, seed=3).metrics


def test_a_training_that_was_overtaken_puts_nothing_in_use(tmp_path: Path) -> None:
    """Somebody trains by hand for minutes; meanwhile a worker has trained on later events."""
    shop = Shop(tmp_path)
    fill_catalogue(shop)
    fill_events(shop)
    other = shop.worker()

    def say(text: str) -> None:
        if text == "fitting the final model" and other.artefacts.current("recommendations") is None:
            shop.do("view_item", "tea01", visitor="late", at=shop.now - 60)
            assert train(other.store, other.artefacts, ["recommendations"], clock=lambda: NOW)[0].promoted

    (report,) = train(shop.store, shop.artefacts, ["recommendations"], clock=lambda: NOW + 60, say=say)
    assert not report.promoted
    assert "newer events" in report.reason
    assert len(shop.artefacts.versions("recommendations")) == 1
    (again,) = train(shop.store, shop.artefacts, ["recommendations"], clock=lambda: NOW + 120)
    assert again.promoted
    for one in (shop, other):
        one.close()


def test_little_news_since_the_model_in_use_hides_nothing(data: tuple[Interactions, Catalogue]) -> None:
    """A training an hour after the last one is still compared with popularity on the newest tenth of the log."""
    log, items = data
    lately = float(log.times[-4])
    champion = Champion(quick(log.before(lately), items).ranker(), lately)
    verdict = judge(log, items, champion=champion, fit=quick)
    assert verdict.metrics["questions"] >= MIN_QUESTIONS
    assert "to_champion" not in verdict.metrics
