"""What a list may hold, at every rung of the ladder, and what it never holds."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsplug.errors import EventError, StoreError
from opsplug.features.recommendation_id import read_id
from tests.support.shop import DAY, NOW, TEA, TOYS, Shop, fill_catalogue, fill_events


@pytest.fixture(scope="module")
def trained_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    shop = Shop(folder)
    fill_catalogue(shop)
    fill_events(shop)
    assert shop.train().promoted
    shop.close()
    return folder


@pytest.fixture
def trained(trained_files: Path, tmp_path: Path) -> Iterator[Shop]:
    folder = tmp_path / "copy"
    shutil.copytree(trained_files, folder)
    shop = Shop(folder)
    yield shop
    shop.close()


def test_nothing_to_recommend_says_why(shop: Shop) -> None:
    answer = shop.recommender.recommend()
    assert answer.items == []
    assert "catalogue is empty" in answer.note


def test_zero_events_stand_on_the_catalogue_with_all_categories_in_sight(shop: Shop) -> None:
    fill_catalogue(shop)
    answer = shop.recommender.recommend(k=4)
    assert (answer.rung, answer.model, answer.note) == ("catalogue", "untrained", "")
    assert {item.item_id[:3] for item in answer.items} == {"tea", "toy"}


def test_newest_items_first_where_the_catalogue_has_dates(shop: Shop) -> None:
    fill_catalogue(shop, TEA, created_at=NOW - 90 * DAY)
    shop.catalog.upsert([{"item_id": "fresh", "item_name": "Kettle", "item_category": "Kitchen", "created_at": NOW}])
    answer = shop.recommender.recommend(k=3)
    assert answer.items[0].item_id == "fresh"
    assert answer.items[0].reason == "New in Kitchen"


def test_one_event_of_anybody_makes_a_popular_list(shop: Shop) -> None:
    fill_catalogue(shop)
    shop.do("view_item", "toy03", visitor="somebody")
    answer = shop.recommender.recommend(k=3)
    assert answer.rung == "popular"
    assert answer.items[0].item_id == "toy03"
    assert answer.items[0].reason == "Popular in Toys"


def test_an_untrained_shop_shows_similar_items_beside_an_item(shop: Shop) -> None:
    fill_catalogue(shop)
    answer = shop.recommender.recommend("item", "tea05", k=6)
    assert answer.rung == "item"
    assert {item.item_id[:3] for item in answer.items} == {"tea"}
    assert answer.items[0].reason == "Similar to Green tea pot tea05"


def test_an_untrained_shop_follows_the_visitor(shop: Shop) -> None:
    fill_catalogue(shop)
    shop.do("view_item", "toy02", visitor="a")
    answer = shop.recommender.recommend(anonymous_id="a", k=5)
    assert answer.rung == "session"
    assert {item.item_id[:3] for item in answer.items} == {"toy"}


def test_rungs_of_a_trained_shop(trained: Shop) -> None:
    recommend = trained.recommender.recommend
    assert recommend().rung == "popular"
    assert recommend("item", "tea01").rung == "item"
    assert recommend(history=["tea01"]).rung == "session"
    assert recommend(history=TEA[:6]).rung == "personal"
    assert recommend().model.startswith("recommendations/")


def test_a_trained_shop_knows_the_taste(trained: Shop) -> None:
    assert {item[:3] for item in trained.ids(history=["toy01", "toy02"], k=4)} == {"toy"}
    assert {item[:3] for item in trained.ids(history=["tea01", "tea02"], k=4)} == {"tea"}


@pytest.mark.parametrize("kind", ["shop", "trained"])
def test_never_the_page_the_cart_the_bought_the_unwanted(kind: str, request: pytest.FixtureRequest) -> None:
    shop: Shop = request.getfixturevalue(kind)
    fill_catalogue(shop)
    shop.do("purchase", "tea00", visitor="a", transaction_id="t1")
    shop.do("add_to_cart", "tea01", "tea02", visitor="a")
    shop.do("remove_from_cart", "tea02", visitor="a")
    shop.do("item_feedback", "tea03", visitor="a", action="not_interested")
    shown = shop.ids(placement="item", item_id="tea04", anonymous_id="a", k=24, exclude=["tea05"])
    assert not {"tea00", "tea01", "tea03", "tea04", "tea05"} & set(shown)
    assert "tea02" in shown
    assert len(shown) == len(set(shown)) == 19


def test_repeats_permit_bought_things_but_not_those_in_the_cart(trained: Shop) -> None:
    trained.do("purchase", "tea00", visitor="a", transaction_id="t1")
    trained.do("add_to_cart", "tea01", visitor="a")
    shown = trained.ids(anonymous_id="a", k=24, repeats=True)
    assert "tea00" in shown
    assert "tea01" not in shown


def test_undo_brings_an_unwanted_item_back(shop: Shop) -> None:
    fill_catalogue(shop)
    shop.do("item_feedback", "tea03", visitor="a", action="not_interested")
    assert "tea03" not in shop.ids(anonymous_id="a", k=24)
    shop.do("item_feedback", "tea03", visitor="a", action="undo")
    assert "tea03" in shop.ids(anonymous_id="a", k=24)


def test_a_refund_makes_an_item_recommendable_again(shop: Shop) -> None:
    fill_catalogue(shop)
    shop.do("purchase", "tea00", "tea01", visitor="a", transaction_id="t1")
    shop.do("refund", "tea00", visitor="a", transaction_id="t1")
    shown = shop.ids(anonymous_id="a", k=24)
    assert "tea00" in shown
    assert "tea01" not in shown
    shop.do("order_cancelled", visitor="a", transaction_id="t1")
    assert "tea01" in shop.ids(anonymous_id="a", k=24)


@pytest.mark.parametrize("kind", ["shop", "trained"])
def test_coffee_comes_back_after_its_window_the_fridge_never(kind: str, request: pytest.FixtureRequest) -> None:
    shop: Shop = request.getfixturevalue(kind)
    fill_catalogue(shop)
    shop.catalog.upsert(
        [
            {"item_id": "coffee", "item_name": "Coffee", "consumable_days": 25},
            {"item_id": "fridge", "item_name": "Fridge"},
        ]
    )
    shop.do("purchase", "coffee", "fridge", visitor="a", at=NOW - 26 * DAY, transaction_id="t1")
    shown = shop.recommender.recommend(anonymous_id="a", k=8).items
    assert [item.reason_code for item in shown if item.item_id == "coffee"] == ["buy_again"]
    assert "fridge" not in shop.ids(anonymous_id="a", k=30)
    assert "coffee" not in shop.ids(anonymous_id="a", k=30, now=NOW - 10 * DAY)


def test_unavailable_and_unpublished_items_are_gone_at_once(trained: Shop) -> None:
    trained.catalog.upsert([{"item_id": "tea01", "item_name": "x", "availability": "out_of_stock"}])
    trained.catalog.upsert([{"item_id": "tea02", "item_name": "x", "published": False}])
    trained.catalog.remove(["tea03"])
    assert not {"tea01", "tea02", "tea03"} & set(trained.ids(k=24))


def test_a_catalogue_that_shrinks_overnight_leaves_full_lists(trained: Shop) -> None:
    trained.catalog.remove([*TEA, *TOYS[:6]])
    assert sorted(trained.ids(k=6)) == TOYS[6:]


@pytest.mark.parametrize(
    "answer", [{"tea00", "tea01"}, {"tea00": True, "tea01": 1, "tea02": False}, ["tea00", "tea01"]]
)
def test_the_shops_own_word_on_stock(tmp_path: Path, answer: object) -> None:
    asked: list[str] = []

    def is_available(ids: list[str]) -> object:
        asked.extend(ids)
        return answer

    shop = Shop(tmp_path, is_available=is_available)
    fill_catalogue(shop)
    result = shop.recommender.recommend(k=5)
    assert sorted(item.item_id for item in result.items) == ["tea00", "tea01"]
    assert "2 of 5" in result.note
    assert len(asked) == len(set(asked))
    shop.close()


def test_a_stock_callback_that_fails_costs_nothing_but_a_count(tmp_path: Path) -> None:
    def is_available(ids: list[str]) -> object:
        raise ConnectionError("the warehouse is closed")

    shop = Shop(tmp_path, is_available=is_available)
    fill_catalogue(shop)
    assert len(shop.ids(k=5)) == 5
    assert shop.counters.get("errors.is_available") > 0
    shop.close()


def test_candidates_limit_the_list(trained: Shop) -> None:
    assert sorted(trained.ids(candidates=["tea01", "toy05", "nowhere"], k=5)) == ["tea01", "toy05"]
    assert trained.ids(candidates=[], k=5) == []


def test_things_looked_at_come_last_and_only_where_nothing_else_is_left(trained: Shop) -> None:
    trained.do("view_item", *TEA, visitor="a")
    assert not set(TEA) & set(trained.ids(anonymous_id="a", k=12))
    shown = trained.ids(anonymous_id="a", k=24)
    assert len(shown) == 24
    assert set(shown[:12]) == set(TOYS)


def test_a_click_in_one_worker_changes_the_list_of_another(trained: Shop) -> None:
    other = trained.worker()
    before = other.ids(anonymous_id="a", k=6)
    trained.do("view_item", "toy07", visitor="a")
    after = other.ids(anonymous_id="a", k=6)
    assert after != before
    assert {item[:3] for item in after} == {"toy"}
    other.close()


def test_what_was_done_before_the_login_counts_after_it(trained: Shop) -> None:
    trained.do("view_item", "toy01", visitor="phone")
    trained.do("view_item", "toy02", visitor="phone", user="u1")
    trained.do("purchase", "toy03", user="u1", transaction_id="t")
    shown = trained.ids(user_id="u1", k=6)
    assert {item[:3] for item in shown} == {"toy"}
    assert "toy03" not in trained.ids(user_id="u1", k=24)


def test_the_future_is_not_known(trained: Shop) -> None:
    trained.do("view_item", "toy07", visitor="a", at=NOW + 60)
    assert trained.recommender.recommend(anonymous_id="a").rung == "popular"
    assert trained.recommender.recommend(anonymous_id="a", now=NOW + 61).rung == "session"


def test_long_histories_still_exclude_what_was_bought_first(shop: Shop) -> None:
    fill_catalogue(shop)
    shop.do("purchase", "tea00", visitor="a", at=NOW - 9 * DAY, transaction_id="t")
    shop.store.add_events([shop.event("view_item", TOYS[n % 12], visitor="a") for n in range(1000)])
    assert "tea00" not in shop.ids(anonymous_id="a", k=24)


def test_a_slow_history_costs_a_rung(trained: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    trained.do("view_item", "toy07", visitor="a")

    def slow(*args: object, **kwargs: object) -> None:
        raise StoreError("history: took more than 20 ms")

    monkeypatch.setattr(trained.store, "steps", slow)
    assert trained.recommender.recommend(anonymous_id="a").rung == "popular"
    assert trained.counters.get("history_timeouts") == 1


def test_a_model_that_breaks_costs_a_rung(trained: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trained.ids(k=3)

    def broken(*args: object, **kwargs: object) -> None:
        raise IndexError("model")

    monkeypatch.setattr("opsplug.models.recommend.ranker.Ranker.rank", broken)
    assert len(trained.ids(k=3)) == 3
    assert trained.counters.get("errors.recommend") > 0


def test_a_new_artefact_is_picked_up_without_a_restart_and_a_tampered_one_refused(trained: Shop) -> None:
    worker = trained.worker()
    first = worker.recommender.recommend().model
    trained.now += 60
    trained.do("view_item", "tea01", visitor="z")
    second = trained.train()
    assert trained.recommender.recommend().model.endswith(second.version)
    deadline = time.monotonic() + 60
    while worker.recommender.recommend().model == first and time.monotonic() < deadline:
        time.sleep(0.05)
    assert worker.recommender.recommend().model.endswith(second.version)

    trained.now += 60
    trained.do("view_item", "tea01", visitor="z2")
    third = trained.train()
    (trained.folder / "models" / "recommendations" / third.version / "counts.npy").write_bytes(b"forged")
    fresh = trained.worker()
    assert fresh.recommender.recommend().model.endswith(second.version)
    assert fresh.counters.get("artefacts_refused") == 1
    for shop in (worker, fresh):
        shop.close()


def test_the_same_question_has_the_same_answer(trained: Shop) -> None:
    question = {"history": ["tea01", "toy02"], "k": 8}
    assert trained.ids(**question) == trained.ids(**question) == trained.worker().ids(**question)


def test_reasons_in_both_languages_name_things(trained: Shop) -> None:
    english = trained.recommender.recommend("item", "tea05", k=3).items[0]
    chinese = trained.recommender.recommend("item", "tea05", k=3, language="zh-CN").items[0]
    assert "Green tea pot tea05" in english.reason
    assert "Green tea pot tea05" in chinese.reason
    assert any("一" <= letter <= "鿿" for letter in chinese.reason)


def test_an_id_tells_where_it_was_made(trained: Shop) -> None:
    answer = trained.recommender.recommend("cart", k=2)
    made = read_id(answer.recommendation_id)
    assert made is not None
    assert (made.placement, made.rung, made.at, made.holdout) == ("cart", answer.rung, int(NOW), False)
    assert answer.model.endswith(made.model)
    assert read_id("not ours") is read_id(None) is read_id("A" * 24) is None


def test_the_holdout_sees_popular_items_and_still_no_bought_ones(trained_files: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_files, tmp_path / "copy")
    shop = Shop(tmp_path / "copy", holdout=0.5)
    rungs: dict[bool, set[str]] = {}
    for number in range(40):
        shop.do("view_item", "tea01", visitor=f"h{number}")
        shop.do("purchase", "tea02", visitor=f"h{number}", transaction_id=f"t{number}")
        answer = shop.recommender.recommend("item", "tea01", anonymous_id=f"h{number}", k=24)
        made = read_id(answer.recommendation_id)
        assert made is not None
        rungs.setdefault(made.holdout, set()).add(answer.rung)
        assert not {"tea01", "tea02"} & {item.item_id for item in answer.items}
    assert rungs[True] == {"popular"}
    assert "popular" not in rungs[False]
    shop.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"placement": "basement"}, {"k": -1}, {"k": 2.5}, {"now": float("nan")}, {"now": "yesterday"},
        {"history": "tea01"}, {"history": [("tea01", "noon")]}, {"history": [3.5]}, {"history": 5}, {"exclude": "tea01"},
        {"candidates": "tea01"}, {"cart": b"tea01"}, {"exclude": 5},
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(shop: Shop, wrong: dict[str, object]) -> None:
    with pytest.raises(EventError, match=r"placement|k:|now|history|exclude|candidates|cart"):
        shop.recommender.recommend(**wrong)  # type: ignore[arg-type]


def test_a_list_of_none_and_a_list_of_all(trained: Shop) -> None:
    assert trained.ids(k=0) == []
    assert sorted(trained.ids(k=1000)) == sorted([*TEA, *TOYS])


def test_a_list_that_is_as_long_as_lists_get_says_so(shop: Shop) -> None:
    fill_catalogue(shop, [f"i{n}" for n in range(300)])
    answer = shop.recommender.recommend(k=1000)
    assert (len(answer.items), answer.note) == (200, "200 of 1000: a list holds at most 200")


def test_nothing_given_is_nothing_asked(trained: Shop) -> None:
    assert trained.ids(history=None, exclude=None, cart=None, candidates=None) == trained.ids()


def test_ids_are_read_as_the_catalogue_reads_them(trained: Shop) -> None:
    shown = trained.ids(placement="item", item_id=" tea01 ", exclude=["tea02\x00"], cart=[" tea03"], k=24)
    assert not {"tea01", "tea02", "tea03"} & set(shown)


@pytest.mark.parametrize("who", ["\ud800", "a\x00b", "", " ", "v" * 100_000])
def test_an_odd_id_of_a_visitor_is_a_visitor_of_whom_nothing_is_known(trained: Shop, who: str) -> None:
    assert trained.recommender.recommend(anonymous_id=who).rung == "popular"
    assert trained.recommender.recommend(user_id=who).rung == "popular"


def test_items_learnt_from_events_serve_a_shop_without_a_catalogue(shop: Shop) -> None:
    shop.do("view_item", "a", visitor="v")
    shop.do("view_item", "b", visitor="v")
    assert sorted(shop.ids(k=5)) == ["a", "b"]
    fill_events(shop)
    shop.train()
    assert {item[:3] for item in shop.ids(history=["toy01"], k=5)} == {"toy"}


def test_what_lies_in_the_cart_leads_the_list_beside_it(trained: Shop) -> None:
    answer = trained.recommender.recommend("cart", cart=["toy03"], k=4)
    shown = {item.item_id for item in answer.items}
    assert {item[:3] for item in shown} == {"toy"}
    assert "toy03" not in shown
