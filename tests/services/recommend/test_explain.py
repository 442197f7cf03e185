"""A list can be made again from its id, long after, with what was known then."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsplug.errors import EventError
from opsplug.models.recommend.constants import SEEN_PENALTY
from opsplug.services.outcomes.effects import Effects
from opsplug.services.recommend.explain import explain
from tests.support.shop import NOW, Shop, fill_catalogue, fill_events


def test_a_list_is_made_again_from_its_id(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    fill_catalogue(shop)
    fill_events(shop)
    shop.train()
    shop.do("view_item", "tea01", visitor="a", at=NOW - 60)
    shop.do("view_item", "tea04", visitor="a", at=NOW - 5)
    answer = shop.recommender.recommend("item", "tea04", anonymous_id="a", k=5)
    shown = [item.item_id for item in answer.items]
    rec = answer.recommendation_id
    shop.do("view_item_list", *shown, visitor="a", at=NOW + 1, recommendation_id=rec, item_list_id="opsplug:item")
    shop.now += 3600
    shop.do("purchase", "toy03", visitor="a", at=NOW + 600, transaction_id="later")
    shop.train()
    found = explain(shop.store, shop.artefacts, shop.recommender, rec)
    assert found.shown == shown
    assert [item.item_id for item in found.again.items][:5] == shown
    assert found.again.model == answer.model
    assert found.doubts == []
    assert set(shown) <= set(found.contributions)
    for candidate in found.trace.candidates:
        score = candidate.score + (SEEN_PENALTY if candidate.score < -SEEN_PENALTY / 2 else 0)
        assert sum(found.contributions[candidate.item_id].values()) == pytest.approx(score, abs=1e-3)
    shop.close()


def test_rules_that_were_changed_since_are_a_doubt(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    fill_catalogue(shop)
    effects = Effects(lambda: shop.store, holdout=0.0, seed=0, clock=lambda: NOW + 60)
    answer = shop.recommender.recommend("home")
    effects.save_rules({"block": {"categories": ["Toys"]}}, "owner")
    found = explain(shop.store, shop.artefacts, shop.recommender, answer.recommendation_id)
    assert found.doubts == ["the rules were changed since; what is shown are the rules of now"]
    later = shop.recommender.recommend("home", now=NOW + 120)
    assert explain(shop.store, shop.artefacts, shop.recommender, later.recommendation_id).doubts == []
    shop.close()


def test_what_cannot_be_known_is_said(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    fill_catalogue(shop)
    answer = shop.recommender.recommend(anonymous_id="a")
    found = explain(shop.store, shop.artefacts, shop.recommender, answer.recommendation_id)
    assert "nobody" in found.doubts[0]
    with pytest.raises(EventError, match="not made by opsplug"):
        explain(shop.store, shop.artefacts, shop.recommender, "r1")
    shop.close()
