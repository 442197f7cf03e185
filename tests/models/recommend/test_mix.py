"""The mix from training to a served list: rungs, exclusions, reasons, reloading."""

from __future__ import annotations

import numpy as np
import pytest

from opsplug.features.interactions import PURCHASE, VIEW, interactions
from opsplug.features.items import catalogue
from opsplug.models.recommend.mix import Mix
from opsplug.models.recommend.ranker import Ranker
from tests.contracts.recommender_contract import two_tastes

NOW = 1e9 + 10 * 86400.0


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return Mix.fit(*two_tastes(120), now=NOW).ranker()


def past(ranker: Ranker, *items: str, kind: int = VIEW) -> list[tuple[int, float, int]]:
    return [(int(code), NOW - 60.0 * (len(items) - step), kind) for step, code in enumerate(ranker.codes(items))]


def test_a_taste_is_recognised_from_one_event(ranker: Ranker) -> None:
    for taste in "ab":
        found = ranker.rank(past(ranker, f"{taste}3"), now=NOW, k=8)
        assert all(ranker.item_ids[code][0] == taste for code in found.codes)
        assert found.rung == "session"


def test_rungs_say_what_was_known(ranker: Ranker) -> None:
    assert ranker.rank([], now=NOW).rung == "popular"
    assert ranker.rank([], placement="item", item=0, now=NOW).rung == "item"
    page = int(ranker.codes(["a4"])[0])
    assert ranker.rank(past(ranker, "a1"), placement="item", item=page, now=NOW).rung == "session"
    assert ranker.rank(past(ranker, "a1", "a2", "a3", "a4", "a5"), now=NOW).rung == "personal"
    empty = Mix.fit(interactions([]), two_tastes()[1]).ranker()
    assert empty.rank([], now=NOW).rung == "catalogue"
    assert len(empty.rank([], now=NOW, k=8)) == 8


def test_beside_an_item_stand_its_like_and_the_reason_names_it(ranker: Ranker) -> None:
    page = int(ranker.codes(["a4"])[0])
    found = ranker.rank([], placement="item", item=page, now=NOW, k=5)
    assert all(ranker.item_ids[code][0] == "a" for code in found.codes)
    assert page not in found.codes
    assert set(found.anchors) == {page}


def test_bought_and_excluded_items_never_return_and_seen_ones_come_last(ranker: Ranker) -> None:
    bought = past(ranker, "a1", "a2", kind=PURCHASE)
    seen = past(ranker, "a5")
    found = ranker.rank(bought + seen, now=NOW, k=20, exclude=ranker.codes(["b1"]))
    ids = [ranker.item_ids[code] for code in found.codes]
    assert not {"a1", "a2", "b1"} & set(ids)
    assert ids[-1] == "a5"
    assert len(ids) == len(set(ids)) == 17
    again = ranker.rank(bought, now=NOW, k=20, repeats=True)
    assert {"a1", "a2"} <= {ranker.item_ids[code] for code in again.codes}


def test_candidates_limit_the_list(ranker: Ranker) -> None:
    allowed = ranker.codes(["a1", "b2", "unknown"])
    found = ranker.rank(past(ranker, "b5"), now=NOW, k=8, candidates=allowed)
    assert [ranker.item_ids[code] for code in found.codes] == ["b2", "a1"]


def test_a_ranker_loaded_from_files_answers_alike(ranker: Ranker, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("arrays")
    arrays = Mix.fit(*two_tastes(120), now=NOW).export()
    for number, value in enumerate(arrays.values()):
        np.save(folder / f"{number}.npy", value, allow_pickle=False)
    mapped = {key: np.load(folder / f"{number}.npy", mmap_mode="r") for number, key in enumerate(arrays)}
    history = past(ranker, "a1", "b2")
    one, two = ranker.rank(history, now=NOW), Ranker.load(mapped).rank(history, now=NOW)
    np.testing.assert_array_equal(one.codes, two.codes)
    assert one.reasons == two.reasons


def test_a_new_item_is_shown_to_those_who_like_its_like() -> None:
    log, _ = two_tastes(60)
    words = {"a": "kettle", "b": "scarf"}
    records = [{"item_id": f"{t}{n}", "item_name": f"{word} {n}"} for t, word in words.items() for n in range(10)]
    ranker = Mix.fit(log, catalogue([*records, {"item_id": "new", "item_name": "kettle new"}])).ranker()
    new = ranker.codes(["new"])
    place = {}
    for taste in "ab":
        scores = ranker.rank(past(ranker, f"{taste}1", f"{taste}2"), now=NOW, k=1, candidates=new).scores
        place[taste] = float(scores[0])
    assert place["a"] > place["b"]


@pytest.mark.parametrize("events", [0, 1, 10, 100, 1000])
def test_never_empty_while_there_is_a_catalogue(events: int) -> None:
    shop = catalogue([{"item_id": f"i{n}", "item_name": "物品 ☃" if n % 2 else ""} for n in range(12)])
    rows = [(f"u{n % 7}", f"i{n * n % 12}", 1e9 + n, "view_item", None) for n in range(events)]
    ranker = Mix.fit(interactions(rows), shop).ranker()
    assert len(ranker.rank([], now=2e9, k=8)) == 8
    assert len(ranker.rank([(3, 1e9, VIEW)], placement="item", item=3, now=2e9, k=8)) == 8
