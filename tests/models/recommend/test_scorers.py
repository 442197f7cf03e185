"""Each scorer against the contract, and what is particular to it."""

from __future__ import annotations

import numpy as np
import pytest

from opsplug.features.interactions import interactions
from opsplug.features.items import catalogue, tokens
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.neighbours import Neighbours
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.scorers import content, covisitation
from opsplug.models.recommend.scorers.bought_together import BoughtTogether
from opsplug.models.recommend.scorers.cold_items import ColdItems
from opsplug.models.recommend.scorers.content import Content
from opsplug.models.recommend.scorers.covisitation import CoVisitation
from opsplug.models.recommend.scorers.ease import Ease
from opsplug.models.recommend.scorers.factors import Factors
from opsplug.models.recommend.scorers.item_knn import ItemKnn
from opsplug.models.recommend.scorers.own_items import OwnItems
from opsplug.models.recommend.scorers.popularity import Popularity
from opsplug.models.recommend.scorers.session_knn import SessionKnn
from opsplug.models.recommend.scorers.trend import Trend
from opsplug.models.recommend.topk import top_k
from tests.contracts.recommender_contract import ScorerContract, SharedContract, TasteContract

DAY = 86400.0


class TestEase(TasteContract):
    scorer = Ease


class TestItemKnn(TasteContract):
    scorer = ItemKnn


class TestSessionKnn(TasteContract):
    scorer = SessionKnn


class TestCoVisitation(TasteContract):
    scorer = CoVisitation

    def test_counted_in_bands_or_at_once_the_neighbours_are_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole, evidence = self.fitted()
        monkeypatch.setattr(covisitation, "BAND_EVENTS", 50)
        monkeypatch.setattr(covisitation, "BLOCK_PAIRS", 700)
        banded = CoVisitation.fit(evidence)
        everything = CandidateSet(evidence.size)
        for visitor in range(6):
            query = self.visitor(evidence, visitor)
            expected = self.scores(whole, query, everything)
            np.testing.assert_allclose(self.scores(banded, query, everything), expected, rtol=1e-5)


class TestFactors(TasteContract):
    scorer = Factors


class TestContent(TasteContract):
    scorer = Content

    def test_in_a_large_catalogue_what_very_many_share_finds_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names = ["blue mug", "blue mug", "blue pot", "blue pot", "blue hat", "blue hat"]
        shop = catalogue([{"item_id": f"i{n}", "item_name": name} for n, name in enumerate(names)])
        features = content.item_features(shop)
        assert (content.similarities(features, 5).weights > 0).sum() == 30
        monkeypatch.setattr(content, "CONTENT_LARGE", 3)
        monkeypatch.setattr(content, "CONTENT_COMMON", 3)
        monkeypatch.setattr(content, "BLOCK", 4)
        found = content.similarities(features, 5)
        assert (found.weights > 0).sum() == 6
        assert found.codes[found.weights > 0].tolist() == [1, 0, 3, 2, 5, 4]
        near = content.nearest(features, np.array([0, 5]), np.array([1, 2, 4]), 2)
        assert [near.codes[row][near.weights[row] > 0].tolist() for row in (0, 1)] == [[0], [2]]


class TestPopularity(SharedContract):
    scorer = Popularity

    def test_a_daily_fashion_chooses_a_short_half_life_and_a_steady_shop_a_long_one(self) -> None:
        fashion = [
            (f"u{day}-{n}", f"i{day // 2 if n else (day * 7) % 30}", day * DAY + n, "view_item", None)
            for day in range(60)
            for n in range(20)
        ]
        steady = [
            (f"u{day}-{n}", f"i{(n * n + day * n) % (n + 1)}", day * DAY + n, "view_item", None)
            for day in range(60)
            for n in range(40)
        ]
        fast, slow = (Popularity.fit(Evidence.of(interactions(rows), catalogue([]))) for rows in (fashion, steady))
        assert fast.half_life < slow.half_life


class TestTrend(SharedContract):
    scorer = Trend

    def test_what_rises_is_told_from_what_was_always_popular(self) -> None:
        steady = [(f"u{day}-{n}", "steady", day * DAY + n, "view_item", None) for day in range(60) for n in range(20)]
        rising = [
            (f"v{day}-{n}", "rising", day * DAY + n, "view_item", None) for day in range(57, 60) for n in range(15)
        ]
        evidence = Evidence.of(interactions([*steady, *rising]), catalogue([]))
        recent, trend = self.scores(Trend.fit(evidence), Query.of([], size=2, now=evidence.now), CandidateSet(2))
        steadily, newly = (evidence.log.item_ids.index(name) for name in ("steady", "rising"))
        assert recent[steadily] > recent[newly]
        assert trend[newly] > trend[steadily]


class TestOwnItems(ScorerContract):
    scorer = OwnItems

    def test_only_the_visitor_s_own_items_are_scored_and_the_most_taken_most(self) -> None:
        own, evidence = self.fitted()
        query = Query.of([(3, 1.0, 0), (5, 2.0, 0), (3, 3.0, 0)], size=evidence.size, now=9.0)
        for scores in self.scores(own, query, CandidateSet(evidence.size)):
            assert not np.delete(scores, [3, 5]).any()
        frequency = self.scores(own, query, CandidateSet(evidence.size))[0]
        assert frequency[3] > frequency[5] > 0

    def test_an_item_is_due_when_its_own_interval_has_passed(self) -> None:
        own, evidence = self.fitted()
        taken = [(0, day * DAY, 0) for day in (0, 10, 20)] + [(1, day * DAY, 0) for day in (17, 20)] + [(2, 5 * DAY, 0)]
        assert isinstance(own, OwnItems)
        for day, first in ((23, 1), (30, 0)):
            fit = own.interval_fit(Query.of(taken, size=evidence.size, now=day * DAY))
            assert int(fit.argmax()) == first
            assert fit[first] == 1
            assert fit[2] == 0


class TestBoughtTogether(ScorerContract):
    scorer = BoughtTogether

    def test_pairs_of_baskets_are_found_and_chance_pairs_are_not(self) -> None:
        rows = []
        for order in range(40):
            pair = ("tea", "pot") if order % 2 else ("nail", "saw")
            rows += [(f"u{order}", item, order * DAY, "purchase", f"t{order}") for item in (*pair, f"odd{order}")]
        evidence = Evidence.of(interactions(rows), catalogue([]))
        ids = evidence.log.item_ids
        query = Query.of([(ids.index("tea"), 0.0, 0)], size=evidence.size, now=0.0)
        (scores,) = self.scores(BoughtTogether.fit(evidence), query, CandidateSet(evidence.size))
        assert ids[top_k(scores, 1)[0]] == "pot"
        assert (scores > 0).sum() == 1


def test_a_cold_item_is_raised_by_a_share_of_what_its_neighbours_are_worth() -> None:
    rows = Neighbours(np.array([[0, 1, 2, 3]], np.int32), np.array([[1.0, 0.5, 0.5, 0.5]], np.float32))
    cold = ColdItems(np.array([4]), rows, strength=0.6)
    total = np.array([3.0, 2.0, -1.0, 4.0, 0.0], np.float32)
    expected = [*total[:4], 0.6 / 3 * (3.0 + 1.0 + 2.0)]
    np.testing.assert_allclose(ColdItems.load(cold.export()).raised(total, CandidateSet(5)), expected, rtol=1e-6)
    some = CandidateSet.subset(5, np.array([0, 4]))
    np.testing.assert_allclose(cold.raised(total[[0, 4]], some), [3.0, 0.6 / 3 * 3.0], rtol=1e-6)


def test_chinese_and_english_names_become_features_without_a_segmenter() -> None:
    assert {"red", "mug", "red mug"} <= set(tokens("Red mug"))
    assert {"红色", "马克杯"} <= set(tokens("红色马克杯"))
