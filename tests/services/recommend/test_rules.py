"""The owner's rules, one by one, and the two things that keep them honest: the holdout and its interval."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opsplug.errors import SettingsError
from opsplug.locales import languages, words
from opsplug.services.recommend.holdout import in_holdout, lift
from opsplug.services.recommend.ranking import Candidate
from opsplug.services.recommend.reason_sentences import sentence
from opsplug.services.recommend.rules import Rules, choose, parse_rules, pin, weigh
from tests.support.shop import Shop, fill_catalogue

RECORDS: dict[str, dict[str, Any]] = {
    f"i{n}": {"item_id": f"i{n}", "item_brand": f"b{n // 4}", "item_category": f"c{n % 2}", "price": 10.0}
    for n in range(12)
}
CANDIDATES = [Candidate(item, 1 - place / 20, "popular") for place, item in enumerate(RECORDS)]


def ids(candidates: list[Candidate]) -> list[str]:
    return [candidate.item_id for candidate in candidates]


def weighed(document: dict[str, Any], day: int = 0, placement: str = "home") -> list[str]:
    return ids(weigh(CANDIDATES, parse_rules(document), RECORDS, placement=placement, day=day))


def test_no_rules_change_nothing() -> None:
    assert weighed({}) == list(RECORDS)
    assert ids(choose(CANDIDATES, Rules(), RECORDS, 5)) == list(RECORDS)[:5]


def test_boost_and_bury_by_any_field() -> None:
    up = {"weights": [{"match": {"item_brand": "b2"}, "factor": 5}]}
    assert {RECORDS[item]["item_brand"] for item in weighed(up)[:4]} == {"b2"}
    assert {RECORDS[item]["item_brand"] for item in weighed({"weights": [{**up["weights"][0], "factor": 0}]})[-4:]} == {
        "b2"
    }
    elsewhere = {"weights": [{**up["weights"][0], "placement": "cart"}]}
    assert weighed(elsewhere) == list(RECORDS)
    assert weighed(elsewhere, placement="cart") == weighed(up)


@pytest.mark.parametrize("block", [{"items": ["i3"]}, {"brands": ["b0"]}, {"categories": ["c1"]}])
def test_blocked_items_are_gone_and_told(block: dict[str, list[str]]) -> None:
    removed: list[tuple[str, str]] = []
    rules = parse_rules({"block": block})
    kept = weigh(
        CANDIDATES, rules, RECORDS, placement="home", day=0, removed=lambda rule, item: removed.append((rule, item))
    )
    assert "i3" not in ids(kept)
    assert ("block", "i3") in removed


def test_caps_per_brand_and_one_variant_of_a_group() -> None:
    chosen = choose(CANDIDATES, parse_rules({"caps": {"item_brand": 2}}), RECORDS, 12)
    assert ids(chosen) == ["i0", "i1", "i4", "i5", "i8", "i9"]
    variants = {item: {**record, "item_group_id": "g"} for item, record in RECORDS.items()}
    assert ids(choose(CANDIDATES, Rules(), variants, 12)) == ["i0"]
    assert choose(CANDIDATES, Rules(), variants, 12, page={"item_group_id": "g"}) == []


def test_diversity_mixes_what_is_alike() -> None:
    plain = choose(CANDIDATES, Rules(), RECORDS, 4)
    mixed = choose(CANDIDATES, Rules(diversity=0.8), RECORDS, 4)
    assert plain[0] == mixed[0]
    brands = [len({RECORDS[item]["item_brand"] for item in ids(found)}) for found in (plain, mixed)]
    assert brands[1] > brands[0]


def test_the_fairness_slider_gives_other_brands_a_place() -> None:
    plain = choose(CANDIDATES, Rules(), RECORDS, 4)
    fair = choose(CANDIDATES, parse_rules({"fairness": 0.5}), RECORDS, 4)
    assert len({RECORDS[item]["item_brand"] for item in ids(plain)}) == 1
    assert len({RECORDS[item]["item_brand"] for item in ids(fair)}) == 3
    assert [one.score for one in fair] == sorted((one.score for one in fair), reverse=True)
    by_category = choose(CANDIDATES, parse_rules({"fairness": 0.5, "fairness_by": "item_category"}), RECORDS, 4)
    assert sorted(RECORDS[item]["item_category"] for item in ids(by_category)) == ["c0", "c0", "c1", "c1"]


def test_rotation_changes_from_day_to_day_and_not_within_one() -> None:
    rotated = [weighed({"rotation": 0.5}, day) for day in (1, 1, 2)]
    assert rotated[0] == rotated[1] != rotated[2]


def test_pins_stand_where_they_should_and_obey_exclusions() -> None:
    rules = parse_rules({"pins": [{"item_id": "i9", "position": 1}, {"item_id": "i8", "placement": "cart"}]})
    pinned = pin(CANDIDATES[:4], rules, 4, placement="home", allowed=lambda item: True)
    assert ids(pinned) == ["i0", "i9", "i1", "i2"]
    assert ids(pin(CANDIDATES[:4], rules, 4, placement="cart", allowed=lambda item: item != "i9"))[0] == "i8"


@pytest.mark.parametrize(
    "document",
    [
        {"pin": []},
        {"rotation": 2},
        {"fairness": -1},
        {"caps": {"item_brand": 0}},
        {"weights": [{"match": {}, "factor": -1}]},
        [1],
    ],
)
def test_wrong_rules_are_named(document: Any) -> None:
    with pytest.raises(SettingsError, match="rules"):
        parse_rules(document)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    fill_catalogue(shop)
    yield shop
    shop.close()


def test_rules_are_read_from_the_store(shop: Shop) -> None:
    document = {
        "pins": [{"item_id": "toy05"}, {"item_id": "tea01", "position": 1}],
        "block": {"categories": ["Kitchen"]},
    }
    shop.store.put_document("rules", "recommendations", document, 0)
    shown = shop.ids(k=24)
    assert shown[0] == "toy05"
    assert {item[:3] for item in shown} == {"toy"}, "a block is stronger than a pin"
    assert "toy05" not in shop.ids(k=24, exclude=["toy05"])


@pytest.mark.parametrize("counted", [False, True])
def test_boosts_and_burials_work_before_anything_is_trained(shop: Shop, counted: bool) -> None:
    if counted:
        shop.do("purchase", "tea01", visitor="v")
    toys = {"match": {"item_category": "Toys"}}
    for factor, first in ((50, "toy"), (0, "tea")):
        shop.store.put_document("rules", "recommendations", {"weights": [{**toys, "factor": factor}]}, 0)
        shop.recommender._rules = (-9.0, Rules())
        assert {item[:3] for item in shop.ids(k=12)[counted:]} == {first}


def test_a_rule_about_something_else_leaves_the_order_alone(shop: Shop) -> None:
    for number in range(30):
        shop.do("purchase", "toy05", visitor=f"v{number}")
    before = shop.ids(placement="item", item_id="tea05", k=12)
    assert before[0][:3] == "tea"
    shop.store.put_document(
        "rules", "recommendations", {"weights": [{"match": {"item_brand": "nobody"}, "factor": 2}]}, 0
    )
    shop.recommender._rules = (-9.0, Rules())
    assert shop.ids(placement="item", item_id="tea05", k=12) == before


def test_rules_that_cannot_be_read_stop_nothing(shop: Shop) -> None:
    shop.store.put_document("rules", "recommendations", {"nonsense": 1}, 0)
    assert len(shop.ids(k=5)) == 5
    assert shop.counters.get("errors.rules") == 1


def test_every_reason_is_a_sentence_in_every_language() -> None:
    for code in words("recommendations", "en")["reasons"]:
        for language in languages():
            plain = sentence(code, language)
            named = sentence(code, language, item={"item_category": "厨房"}, anchor={"item_name": "蓝色 茶壶"})
            assert plain
            assert "{" not in plain + named
    assert sentence("bought_together", "en", anchor={"item_name": "Blue Teapot"}) == "Often bought with Blue Teapot"
    assert sentence("bought_together", "zh", anchor={"item_name": "蓝色茶壶"}) == "常与蓝色茶壶一起购买"
    assert len(sentence("similar", "en", anchor={"item_name": "x" * 1000})) < 60


def test_the_holdout_is_sticky_and_of_the_right_size() -> None:
    visitors = [f"v{n}" for n in range(20_000)]
    held = [in_holdout(visitor, 0.1) for visitor in visitors]
    assert held == [in_holdout(visitor, 0.1) for visitor in visitors]
    assert 0.09 < np.mean(held) < 0.11
    assert not in_holdout(None, 0.5)
    assert not in_holdout("v", 0.0)


def test_looking_every_day_finds_nothing_where_there_is_nothing() -> None:
    """With a fixed-sample interval, the same 20 looks would be wrong in about a quarter of the shops."""
    rng, wrong, shops = np.random.default_rng(0), 0, 200
    for _ in range(shops):
        values, held = rng.random(8000) < 0.05, rng.random(8000) < 0.3
        for n in range(400, 8001, 400):
            found = lift(values[:n][~held[:n]].astype(float), values[:n][held[:n]].astype(float), share=0.3)
            if found.enough and not found.low <= 0 <= found.high:
                wrong += 1
                break
    assert wrong / shops <= 0.05


def test_a_real_difference_is_found_in_the_end() -> None:
    rng = np.random.default_rng(1)
    found = lift(rng.random(14_000) < 0.10, rng.random(6_000) < 0.05, share=0.3)  # type: ignore[arg-type]
    assert found.low > 0
    assert found.verdict == "better than without"
    assert "not enough data yet (10 of 200" in lift(np.ones(100), np.ones(10), share=0.1).verdict
