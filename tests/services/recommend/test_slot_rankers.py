"""The slot ranker from clicks to the order of a list: learnt, judged, published, served, explained, switched off."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from opsplug.engine.jobs import train
from opsplug.events import make_event
from opsplug.features.recommendation_id import ELSEWHERE, HEAD, make_id, read_id
from opsplug.models.rerank.list_ranker import POOL, RESERVED, SlotList, features, rng_of
from opsplug.models.rerank.position_bias import fit_position_bias, prior_examination
from opsplug.services.recommend.explain import explain
from opsplug.services.recommend.ranking import Candidate, Question, Ranking
from opsplug.training.slots import KIND, MOST_OF_ONE, Lists, read_lists
from tests.support.shop import DAY, NOW, TEA, TOYS, Shop, fill_catalogue, fill_events

LOVED, SHUNNED = "tea07", "tea00"


@pytest.fixture(scope="module")
def clicked_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained shop whose visitors click one item whenever they see it and others rarely."""
    folder = tmp_path_factory.mktemp("clicked")
    shop = Shop(folder)
    fill_catalogue(shop, TEA)
    fill_events(shop)
    shop.train()
    rng, events = np.random.default_rng(0), []
    for number in range(900):
        who, at = f"s{number}", NOW - 5000 + number
        answer = shop.recommender.recommend(history=[str(rng.choice(TEA))], anonymous_id=who, now=at)
        shown = [{"item_id": item.item_id, "index": place} for place, item in enumerate(answer.items)]
        link = {"recommendation_id": answer.recommendation_id, "item_list_id": "opsplug:home"}
        events.append(shop.event("view_item_list", *shown, visitor=who, at=at + 1, **link))
        for place, item in enumerate(answer.items):
            likes = 0.8 if item.item_id == LOVED else 0.01 if item.item_id == SHUNNED else 0.1
            if rng.random() < likes * (place + 1) ** -0.3:
                events.append(shop.event("select_item", item.item_id, visitor=who, at=at + 2, **link))
    shop.store.add_events(events)
    shop.close()
    return folder


@pytest.fixture
def shop(clicked_files: Path, tmp_path: Path) -> Iterator[Shop]:
    shutil.copytree(clicked_files, tmp_path / "copy")
    shop = Shop(tmp_path / "copy")
    yield shop
    shop.close()


def learn(shop: Shop) -> str:
    (report,) = train(shop.store, shop.artefacts, ["slots"], clock=lambda: shop.now)
    return report.version


def place_of(shop: Shop, item: str, visitors: int = 40) -> float:
    lists = [shop.ids(history=["tea05"], anonymous_id=f"p{n}") for n in range(visitors)]
    return float(np.mean([shown.index(item) if item in shown else HEAD for shown in lists]))


def test_clicks_move_items_and_the_place_they_stood_at_does_not(shop: Shop) -> None:
    loved, shunned = place_of(shop, LOVED), place_of(shop, SHUNNED)
    assert learn(shop)
    assert place_of(shop, LOVED) < min(loved, 1.5)
    assert place_of(shop, SHUNNED) > shunned or place_of(shop, SHUNNED) > 6
    state = shop.store.get_document(KIND, "home")
    ratio, low, high = state["ratio"]
    assert low <= ratio <= high
    assert ratio > 1
    assert state["enough"]
    assert set(state["estimates"]) == {"ips", "snips", "dr"}
    assert all(found["effective_sample_size"] > 0 for found in state["estimates"].values())


def test_the_id_tells_which_slot_ranker_and_where_the_mix_had_put_each_item(shop: Shop) -> None:
    version = learn(shop)
    plain = shop.recommender.recommend(history=["tea05"], slots="")
    moved = shop.recommender.recommend(history=["tea05"])
    made = read_id(moved.recommendation_id)
    assert made is not None
    assert version.endswith(made.slots)
    ranked = shop.recommender.recommend(history=["tea05"], slots="", k=POOL).items
    assert [ranked[rank].item_id for rank in made.ranks] == [item.item_id for item in moved.items]
    unmoved = read_id(plain.recommendation_id)
    assert unmoved is not None
    assert (unmoved.slots, unmoved.ranks) == ("", tuple(range(HEAD)))


def test_the_same_visitor_within_an_hour_sees_the_same_order_and_others_another(shop: Shop) -> None:
    learn(shop)
    question = {"history": ["tea05"], "anonymous_id": "me"}
    assert shop.ids(**question) == shop.ids(**question) == shop.worker().ids(**question)
    orders = {tuple(shop.ids(history=["tea05"], anonymous_id=f"v{n}")) for n in range(30)}
    assert len(orders) > 5


def test_an_order_costs_a_fifth_of_a_millisecond_at_most(shop: Shop) -> None:
    learn(shop)
    slot = shop.recommender._slots.get("home")
    assert slot is not None
    candidates = [Candidate(item, 1 - place / 30, "popular") for place, item in enumerate([*TEA, *TOYS][:20])]
    question = Question("home", None, [("tea05", NOW - 9, 0)], NOW, frozenset(["tea05"]))
    snapshot = shop.catalog.snapshot()
    costs = []
    for _ in range(10):
        began = time.thread_time()
        for number in range(100):
            slot.reorder(Ranking(candidates, "session"), question, snapshot, f"v{number}", 8)
        costs.append((time.thread_time() - began) / 100)
    assert min(costs) <= 0.2e-3


def test_a_share_of_visitors_keeps_the_order_of_the_mix_to_compare_with(shop: Shop) -> None:
    learn(shop)
    made = [read_id(shop.recommender.recommend(anonymous_id=f"v{n}", k=2).recommendation_id) for n in range(300)]
    plain = sum(found is not None and not found.slots for found in made)
    assert 12 <= plain <= 55


def test_a_reordered_list_is_explained_as_it_was(shop: Shop) -> None:
    shop.do("view_item", "tea05", visitor="a", at=NOW - 60)
    learn(shop)
    answer = shop.recommender.recommend(anonymous_id="a")
    made = read_id(answer.recommendation_id)
    assert made is not None
    assert made.slots
    shown = [item.item_id for item in answer.items]
    shop.do(
        "view_item_list", *shown, visitor="a", at=NOW + 1, recommendation_id=answer.recommendation_id,
        item_list_id="opsplug:home",
    )  # fmt: skip
    shop.now += 7200
    shop.do("select_item", shown[3], visitor="a", at=NOW + 5, recommendation_id=answer.recommendation_id)
    assert learn(shop)
    found = explain(shop.store, shop.artefacts, shop.recommender, answer.recommendation_id)
    assert [item.item_id for item in found.again.items] == shown
    assert found.trace.slots.endswith(made.slots)
    assert found.doubts == []


def test_lists_of_any_length_are_explained_as_they_were(shop: Shop) -> None:
    """Short ones too, of which only the first cards were seen, and with new items in the reserved place."""
    learn(shop)
    shop.catalog.upsert(
        {"item_id": f"fresh{n}", "item_name": "Kettle", "item_category": "Kitchen", "created_at": NOW - DAY}
        for n in range(3)
    )
    for number in range(24):
        who, length = f"a{number}", 4 + number % 5
        shop.do("view_item", "tea05", visitor=who, at=NOW - 60)
        answer = shop.recommender.recommend(anonymous_id=who, k=length)
        shown = [item.item_id for item in answer.items]
        rec = answer.recommendation_id
        shop.do("view_item_list", *shown[: 3 + number % 2], visitor=who, at=NOW + 1, recommendation_id=rec)
        found = explain(shop.store, shop.artefacts, shop.recommender, rec)
        assert [item.item_id for item in found.again.items][:length] == shown
        assert found.doubts == []


def test_a_list_that_cannot_be_made_again_says_so(shop: Shop) -> None:
    shop.do("view_item", "tea05", visitor="a", at=NOW - 60)
    plain = shop.ids(anonymous_id="a")
    answer = shop.recommender.recommend(anonymous_id="a", exclude=plain[:2])
    shown = [item.item_id for item in answer.items]
    shop.do("view_item_list", *shown, visitor="a", at=NOW + 1, recommendation_id=answer.recommendation_id)
    shop.catalog.remove([shown[0]])
    (doubt,) = explain(shop.store, shop.artefacts, shop.recommender, answer.recommendation_id).doubts
    assert "comes out differently" in doubt


def test_what_there_was_to_learn_from_is_kept_beside_the_training(shop: Shop) -> None:
    found = shop.store.get_document("diversity", "latest")
    assert found["items"] == len((*TEA, *TOYS))
    assert ["events", float(found["events"]), 1000.0] in found["concerns"]


def test_too_few_clicks_change_nothing_and_say_so(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    fill_catalogue(shop, TEA)
    assert train(shop.store, shop.artefacts, ["slots"], clock=lambda: shop.now) == []
    for number in range(40):
        rec = make_id("home", "popular", at=NOW - 100 + number)
        shop.do("view_item_list", *TEA[:4], visitor=f"v{number}", recommendation_id=rec, at=NOW - 90 + number)
        shop.do("select_item", TEA[3], visitor=f"v{number}", recommendation_id=rec, at=NOW - 89 + number)
    (report,) = train(shop.store, shop.artefacts, ["slots"], clock=lambda: shop.now)
    assert not report.promoted
    assert "not enough data yet (0 of 200 clicks" in report.reason
    assert shop.artefacts.current("slots-home") is None
    shop.close()


def test_what_turns_out_worse_is_switched_off(shop: Shop) -> None:
    version = learn(shop)
    events = []
    for number in range(1400):
        plain = number % 2 == 0
        rec = make_id("home", "session", at=NOW + number, slots="" if plain else version)
        link = {"recommendation_id": rec, "item_list_id": "opsplug:home"}
        events.append(shop.event("view_item_list", *TEA[:5], visitor=f"x{number}", at=NOW + number, **link))
        if number % 100 < (80 if plain else 40):
            events.append(shop.event("select_item", TEA[0], visitor=f"x{number}", at=NOW + number + 1, **link))
    shop.store.add_events(events)
    shop.now += 5000
    (report,) = train(shop.store, shop.artefacts, ["slots"], clock=lambda: shop.now)
    assert "switched off" in report.reason
    made = read_id(shop.recommender.recommend(history=["tea05"]).recommendation_id)
    assert made is not None
    assert not made.slots


def test_lists_of_the_holdout_and_clicks_of_others_teach_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    fill_catalogue(shop, TEA)
    rec, held = make_id("home", "popular", at=NOW), make_id("home", "popular", at=NOW, holdout=True)
    shop.do("view_item_list", *TEA[:3], visitor="a", recommendation_id=rec)
    shop.do("select_item", TEA[1], visitor="b", recommendation_id=rec)
    shop.do("view_item_list", *TEA[:3], visitor="c", recommendation_id=held)
    shop.do("select_item", TEA[1], visitor="c", recommendation_id=held)
    seen = read_lists(shop.store, since_ms=0, until_ms=round(NOW * 1000) + 10_000)
    (only,) = seen.lists.values()
    assert not only.clicked
    assert list(seen.log("home").places) == [0, 1, 2]
    shop.close()


def test_one_visitor_is_one_voice_and_memory_has_an_end() -> None:
    """A program looks at lists and clicks all day; what is held is the newest lists, of everybody."""
    lists, at = Lists({}, most=300), round(NOW)
    for number in range(2000):
        who = "machine" if number % 2 else f"v{number}"
        rec = make_id("home", "popular", at=at + number, slots="" if number % 4 < 2 else "x-00000abc")
        for name in ("view_item_list", "select_item"):
            lists.add(
                make_event(
                    name, event_id=f"{name}{number}", now_ms=at * 1000, items=[{"item_id": TEA[number % 2]}],
                    anonymous_id=who, properties={"recommendation_id": rec},
                )
            )  # fmt: skip
    assert len(lists.lists) == 300
    assert Counter(who for who, _ in lists.lists)["machine"] <= MOST_OF_ONE
    log = lists.log("home")
    assert len(log.rungs) == 300
    assert sum(log.clicks[log.codes == log.items.index(TEA[1])]) <= MOST_OF_ONE
    groups = lists.groups("home")
    assert groups == lists.groups("home"), "asking changes nothing"
    everybody = groups["re-ordered"].lists + groups["plain"].lists
    assert everybody >= 999, "lists that are not held any more still count in the comparison"
    assert groups["plain"].clicks == groups["plain"].lists


def test_rules_and_exclusions_are_stronger_than_clicks(shop: Shop) -> None:
    learn(shop)
    shop.store.put_document("rules", "recommendations", {"block": {"items": [LOVED]}}, 0)
    shop.recommender._rules = (-9.0, shop.recommender._rules[1])
    assert LOVED not in shop.ids(history=["tea05"], anonymous_id="r", k=12)
    assert "tea06" not in shop.ids(history=["tea05"], anonymous_id="r", exclude=["tea06"], k=12)


def test_a_reserved_share_of_lists_has_a_place_for_what_was_hardly_shown() -> None:
    width = len(features([], "", "")) + 1
    arms = {f"i{n}": n for n in range(POOL)}
    seen = np.full(POOL, 1000)
    seen[12] = 3
    mean, covariance = np.zeros((POOL + 1, width), np.float32), np.zeros((POOL + 1, width, width), np.float32)
    model = SlotList(arms, seen, [], np.linspace(0, -9, POOL), np.ones(HEAD), mean, covariance)
    orders = [model.order([f"i{n}" for n in range(20)], "session", "", rng_of(n), 8) for n in range(800)]
    given = [order for order in orders if 12 in order[:8]]
    assert abs(len(given) / 800 - RESERVED) < 0.06
    assert all(order.index(12) == 7 for order in given)
    assert all(sorted(order) == list(range(20)) for order in orders)


def fresh_items(shop: Shop, **question: object) -> list[list[str]]:
    lists = [shop.ids(history=["tea05"], anonymous_id=f"n{n}", **question) for n in range(120)]
    return [[item for item in shown if item.startswith("fresh")] for shown in lists]


def test_new_items_have_a_reserved_share_before_any_model_knows_them(shop: Shop) -> None:
    learn(shop)
    new = [f"fresh{n}" for n in range(6)]
    shop.catalog.upsert(
        {"item_id": item, "item_name": "Cast iron kettle", "item_category": "Kitchen", "created_at": NOW - DAY}
        for item in new
    )
    found = fresh_items(shop)
    share = sum(map(bool, found)) / len(found)
    assert 0.12 <= share <= 0.36, "a quarter of the lists of nine tenths of the visitors"
    assert max(map(len, found)) == 1
    assert {item for items in found for item in items} == set(new), "all of them get their turn"
    listed = shop.recommender.recommend(history=["tea05"], anonymous_id=f"n{next(n for n, f in enumerate(found) if f)}")
    tried = listed.items[-1]
    assert tried.item_id in new
    assert tried.reason == "New in Kitchen"
    assert not any(fresh_items(shop, exclude=new))
    assert not any(fresh_items(shop, candidates=[*TEA, *TOYS]))
    shop.store.put_document("rules", "recommendations", {"block": {"items": new}}, 0)
    shop.recommender._rules = (-9.0, shop.recommender._rules[1])
    assert not any(fresh_items(shop))


def test_what_is_no_longer_new_or_was_shown_often_is_not_tried(shop: Shop) -> None:
    learn(shop)
    record = {"item_name": "Cast iron kettle", "item_category": "Kitchen"}
    shop.catalog.upsert([{**record, "item_id": "fresh-once", "created_at": NOW - 40 * DAY}])
    shop.catalog.upsert([{**record, "item_id": "fresh-soon", "created_at": NOW + 5 * DAY}])
    assert not any(fresh_items(shop))
    shop.catalog.upsert([{**record, "item_id": "fresh-shown", "created_at": NOW - DAY}])
    assert any(fresh_items(shop))
    for number in range(60):
        rec = make_id("home", "session", at=NOW - 60 + number)
        shown = [{"item_id": "fresh-shown", "index": 7}]
        shop.do("view_item_list", *shown, visitor=f"w{number}", at=NOW - 59 + number, recommendation_id=rec)
    shop.now += 60
    assert learn(shop)
    assert not any(fresh_items(shop))


def test_examination_is_told_apart_from_relevance_where_lists_were_reordered() -> None:
    rng = np.random.default_rng(2)
    truth, relevance = (np.arange(8) + 1.0) ** -0.7, np.exp(rng.normal(0, 0.5, 30)) * 0.08
    items = np.concatenate([rng.permutation(30)[:8] for _ in range(4000)])
    places = np.tile(np.arange(8), 4000)
    clicks = (rng.random(len(items)) < truth[places] * relevance[items]).astype(float)
    ranks = rng.integers(0, POOL, len(items))
    examination, by_rank = fit_position_bias(places, ranks, items, clicks, size=(HEAD, POOL))
    assert np.abs(examination - truth).max() < 0.12
    assert by_rank.std() / by_rank.mean() < 0.15
    tied, _ = fit_position_bias(places, places, items * 0, clicks, size=(HEAD, POOL))
    assert np.allclose(tied, prior_examination(HEAD), atol=0.08), "nothing was re-ordered: the prior stands"


def test_ids_go_round() -> None:
    rec = make_id("cart", "session", at=1e9, slots="x-00000abc", ranks=[3, 0, 14, ELSEWHERE], known=False)
    made = read_id(rec)
    assert made is not None
    assert (made.slots, made.known, made.ranks) == ("00000abc", False, (3, 0, 14, *[ELSEWHERE] * 5))
    assert len(rec) == 32
