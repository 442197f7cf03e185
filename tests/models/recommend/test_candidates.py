"""Scoring some items of a large shop gives the list that scoring all of them gives."""

from __future__ import annotations

import numpy as np
import pytest

from opsplug.features.interactions import PURCHASE, VIEW, interactions
from opsplug.features.items import catalogue
from opsplug.models.recommend import candidates as generation
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.mix import Mix
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.ranker import Ranker
from opsplug.models.recommend.scorers import factors
from opsplug.models.recommend.topk import top_k
from tests.contracts.recommender_contract import two_tastes

NOW = 1e9 + 10 * 86400.0
STRANGE = 300  # items of the catalogue that nobody takes


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    log, shop = two_tastes(120)
    records = [
        {"item_id": item, "item_name": name, "item_category": kind}
        for item, name, kind in zip(shop.item_ids, shop.names, shop.categories, strict=True)
    ]
    strange = [{"item_id": f"x{n}", "item_name": f"odd{n}"} for n in range(STRANGE)]
    return Mix.fit(log, catalogue([*records, {"item_id": "a-new", "item_name": "kettle number"}, *strange])).ranker()


def history(ranker: Ranker, *items: str, kind: int = VIEW) -> list[tuple[int, float, int]]:
    return [(int(code), NOW - 60.0 * (len(items) - step), kind) for step, code in enumerate(ranker.codes(items))]


@pytest.mark.parametrize("placement", ["home", "item", "cart"])
@pytest.mark.parametrize("repeats", [False, True])
def test_a_large_shop_answers_like_a_small_one(
    ranker: Ranker, placement: str, repeats: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = int(ranker.codes(["a7"])[0])
    for items in ([], ["a1"], ["a1", "b2", "a4", "a5", "a6", "b1"]):
        past = history(ranker, *items)
        asked = {"placement": placement, "item": page, "now": NOW, "k": 6, "repeats": repeats}
        monkeypatch.setattr(generation, "SCORE_ALL_UP_TO", 12_000)
        whole = ranker.rank(past, **asked)  # type: ignore[arg-type]
        monkeypatch.setattr(generation, "SCORE_ALL_UP_TO", 0)
        monkeypatch.setattr(factors, "FACTORS_RETRIEVED", 20)
        popular = ranker.popular_candidates
        ranker.popular_candidates = popular[ranker.counts[popular] > 0]
        some = ranker.rank(past, **asked)  # type: ignore[arg-type]
        assert some.codes.tolist() == whole.codes.tolist()
        assert some.reasons == whole.reasons
        assert some.anchors.tolist() == whole.anchors.tolist()


def test_more_than_anybody_names_is_still_a_list(ranker: Ranker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "SCORE_ALL_UP_TO", 0)
    found = ranker.rank(history(ranker, "a1"), now=NOW, k=200)
    assert len(found) == len(set(found.codes.tolist())) == 200


def test_candidates_that_nobody_names_can_be_asked_for(ranker: Ranker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "SCORE_ALL_UP_TO", 0)
    wanted = ranker.codes(["x7", "a3", "x9"])
    found = ranker.rank(history(ranker, "a1"), now=NOW, k=8, candidates=wanted)
    assert ranker.item_ids[found.codes[0]] == "a3"
    assert set(found.codes.tolist()) == set(wanted.tolist())


def test_a_new_item_like_what_was_seen_is_shown(ranker: Ranker) -> None:
    found = ranker.rank(history(ranker, "a1", "a2", "a3"), now=NOW, k=8)
    assert "a-new" in [ranker.item_ids[code] for code in found.codes]
    other = ranker.rank(history(ranker, "b1", "b2", "b3"), now=NOW, k=6)
    assert "a-new" not in [ranker.item_ids[code] for code in other.codes]


def test_a_repurchase_says_nothing_about_cold_items(ranker: Ranker, monkeypatch: pytest.MonkeyPatch) -> None:
    past = history(ranker, *["a1"] * 30)

    def worth(item: str) -> float:
        return float(ranker.rank(past, now=NOW, k=1, candidates=ranker.codes([item]), repeats=True).scores[0])

    new, old = worth("a-new"), worth("a1")
    stronger = ranker.weights.copy()
    own = [n for n, column in enumerate(ranker.columns) if column.channel.scorer == "buy_again"]
    assert own
    stronger[:, own] += 5
    monkeypatch.setattr(ranker, "weights", stronger)
    assert worth("a1") > old + 5
    assert worth("a-new") == pytest.approx(new, rel=1e-5)


def test_bought_things_stay_out_of_a_large_shop_too(ranker: Ranker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "SCORE_ALL_UP_TO", 0)
    found = ranker.rank(history(ranker, "a1", "a2", kind=PURCHASE), now=NOW, k=40)
    assert not set(ranker.codes(["a1", "a2"]).tolist()) & set(found.codes.tolist())


def test_sums_of_a_candidate_set_are_those_of_its_items() -> None:
    codes, weights = np.array([0, 5, 5, 7, 9]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    some = CandidateSet.subset(10, np.array([5, 9]))
    assert some.sums(codes, weights).tolist() == [5.0, 5.0]
    assert CandidateSet(10).sums(codes, weights)[some.codes].tolist() == [5.0, 5.0]
    assert some.positions(np.array([9, 0])).tolist() == [1]
    assert some.items(np.array([1])).tolist() == [9]


def test_without_a_log_every_item_is_a_popular_candidate() -> None:
    ranker = Mix.fit(interactions([]), catalogue([{"item_id": f"i{n}"} for n in range(30)])).ranker()
    assert len(ranker.popular_candidates) == 30
    assert len(ranker.rank([], now=NOW, k=8)) == 8


@pytest.mark.parametrize("count", [0, 1, 5, 40])
def test_the_first_of_many_zeros(count: int) -> None:
    scores = np.zeros(50)
    scores[10 : 10 + count] = np.arange(count) // 2 + 1.0
    expected = sorted(range(50), key=lambda code: (-scores[code], code))[:20]
    assert top_k(scores, 20).tolist() == expected


def test_recency_is_told_newest_first() -> None:
    query = Query.of([(3, 1.0, 0), (1, 2.0, 0), (3, 3.0, 0), (2, 4.0, 0)], size=5, now=9.0)
    items, weights = query.recency(0.5)
    assert items.tolist() == [2, 3, 1]
    assert weights.tolist() == [1.0, 0.5, 0.25]
    assert query.recency(0.5, 2)[0].tolist() == [2, 3]
