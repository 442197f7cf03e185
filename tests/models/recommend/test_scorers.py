"""Each part of the mix against the contract, and what is particular to it."""

from __future__ import annotations

import numpy as np
import pytest

from opsplug.features.interactions import interactions
from opsplug.features.items import catalogue, tokens
from opsplug.models.recommend.base import Evidence, Query, best
from opsplug.models.recommend.scorers import content, covisitation
from opsplug.models.recommend.scorers.bought_together import BoughtTogether
from opsplug.models.recommend.scorers.cold_items import Fresh
from opsplug.models.recommend.scorers.content import Content
from opsplug.models.recommend.scorers.covisitation import CoVisitation
from opsplug.models.recommend.scorers.ease import Ease
from opsplug.models.recommend.scorers.factors import Factors
from opsplug.models.recommend.scorers.item_knn import ItemKnn
from opsplug.models.recommend.scorers.own_items import OwnItems
from opsplug.models.recommend.scorers.popularity import Popularity
from opsplug.models.recommend.scorers.session_knn import SessionKnn
from opsplug.models.recommend.scorers.trend import Trend
from tests.contracts.recommender_contract import RecommenderContract

DAY = 86400.0


class TestEase(RecommenderContract):
    part = Ease


class TestItemKnn(RecommenderContract):
    part = ItemKnn


class TestSessionKnn(RecommenderContract):
    part = SessionKnn


class TestCoVisitation(RecommenderContract):
    part = CoVisitation

    def test_counted_in_bands_or_at_once_the_neighbours_are_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole, evidence = self.fitted()
        monkeypatch.setattr(covisitation, "BAND_EVENTS", 50)
        monkeypatch.setattr(covisitation, "BLOCK_PAIRS", 700)
        banded = CoVisitation.fit(evidence)
        for visitor in range(6):
            query = self.ask(evidence, visitor)
            np.testing.assert_allclose(banded.score(query), whole.score(query), rtol=1e-5)


class TestFactors(RecommenderContract):
    part = Factors


class TestContent(RecommenderContract):
    part = Content

    def test_in_a_large_catalogue_what_very_many_share_finds_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names = ["blue mug", "blue mug", "blue pot", "blue pot", "blue hat", "blue hat"]
        shop = catalogue([{"item_id": f"i{n}", "item_name": name} for n, name in enumerate(names)])
        features = content.item_features(shop)
        assert (content.likeness(features, 5).weights > 0).sum() == 30
        monkeypatch.setattr(content, "LARGE", 3)
        monkeypatch.setattr(content, "COMMON", 3)
        monkeypatch.setattr(content, "BLOCK", 4)
        found = content.likeness(features, 5)
        assert (found.weights > 0).sum() == 6
        assert found.codes[found.weights > 0].tolist() == [1, 0, 3, 2, 5, 4]
        near = content.nearest(features, np.array([0, 5]), np.array([1, 2, 4]), 2)
        assert [near.codes[row][near.weights[row] > 0].tolist() for row in (0, 1)] == [[0], [2]]


class TestPopularity(RecommenderContract):
    part = Popularity
    personal = False

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


class TestTrend(RecommenderContract):
    part = Trend
    personal = False


class TestOwnItems(RecommenderContract):
    part = OwnItems
    personal = False

    def test_an_item_is_due_when_its_own_gap_has_passed(self) -> None:
        part, evidence = self.fitted()
        taken = [(0, day * DAY, 0) for day in (0, 10, 20)] + [(1, day * DAY, 0) for day in (17, 20)] + [(2, 5 * DAY, 0)]
        assert isinstance(part, OwnItems)
        for day, first in ((23, 1), (30, 0)):
            due = part.due(Query.of(taken, size=evidence.size, now=day * DAY))
            assert int(due.argmax()) == first
            assert due[first] == 1
            assert due[2] == 0


class TestBoughtTogether(RecommenderContract):
    part = BoughtTogether
    personal = False

    def test_pairs_of_baskets_are_found_and_chance_pairs_are_not(self) -> None:
        rows = []
        for order in range(40):
            pair = ("tea", "pot") if order % 2 else ("nail", "saw")
            rows += [(f"u{order}", item, order * DAY, "purchase", f"t{order}") for item in (*pair, f"odd{order}")]
        evidence = Evidence.of(interactions(rows), catalogue([]))
        part = BoughtTogether.fit(evidence)
        ids = evidence.log.item_ids
        scores = part.score(Query.of([(ids.index("tea"), 0.0, 0)], size=evidence.size, now=0.0))
        assert ids[best(scores, 1)[0]] == "pot"
        assert (scores > 0).sum() == 1


class TestFresh(RecommenderContract):
    part = Fresh
    personal = False


def test_chinese_and_english_names_become_features_without_a_segmenter() -> None:
    assert {"red", "mug", "red mug"} <= set(tokens("Red mug"))
    assert {"红色", "马克杯"} <= set(tokens("红色马克杯"))
