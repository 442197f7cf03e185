"""From events to arrays: who acted, on what, when, and what was taken back."""

from __future__ import annotations

import random
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsplug.events import BOT, make_event
from opsplug.training.reader import read_interactions
from tests.support.shop import NOW, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


def rows(shop: Shop, until: float | None = None) -> list[tuple[str, str, float]]:
    log = read_interactions(shop.store, until=until)
    return [
        (log.user_ids[user], log.item_ids[item], float(weight))
        for user, item, weight in zip(log.users, log.items, log.weights, strict=True)
    ]


def test_weights_are_those_of_the_event_language(shop: Shop) -> None:
    for name in ("view_item", "add_to_cart", "remove_from_cart", "purchase", "page_view", "view_item_list"):
        shop.do(name, "a", visitor="v")
    assert [weight for _, _, weight in rows(shop)] == [1, 4, -1, 10]


def test_one_person_is_one_user(shop: Shop) -> None:
    shop.do("view_item", "a", visitor="phone")
    shop.do("view_item", "b", visitor="phone", user="u")
    shop.do("purchase", "c", user="u", transaction_id="t")
    shop.do("view_item", "d", visitor="stranger")
    assert [(user, item) for user, item, _ in rows(shop)] == [("u", "a"), ("u", "b"), ("u", "c"), ("stranger", "d")]


def test_who_loads_page_after_page_and_never_runs_the_snippet_is_no_visitor(shop: Shop) -> None:
    def looks(visitor: str, pages: int, seconds: float, *, source: str = "server", buys: bool = False) -> None:
        events = []
        for n in range(pages):
            at = {"now_ms": int((NOW - 86_400 + n * seconds) * 1000), "anonymous_id": visitor}
            events.append(make_event("page_view", event_id=f"p{visitor}{n}", **at))
            item = [{"item_id": f"by {visitor}"}]
            events.append(make_event("view_item", event_id=f"v{visitor}{n}", items=item, source=source, **at))
        if buys:
            events.append(make_event("purchase", event_id=f"purchase:{visitor}", items=item, **at))
        shop.store.add_events(events)

    def seen() -> set[str]:
        return {item for _, item, _ in rows(shop)}

    looks("crawler", 150, 5.0)
    looks("patient", 150, 600.0)
    looks("without script", 40, 30.0)
    looks("buyer", 150, 5.0, buys=True)
    assert "by crawler" in seen()  # nobody's browser reports here: silence says nothing
    for n in range(60):
        looks(f"person{n}", 2, 30.0, source="browser")
    assert {"by patient", "by without script", "by buyer", "by person1"} <= seen()
    assert "by crawler" not in seen()


def test_guests_count_by_their_order_and_bots_not_at_all(shop: Shop) -> None:
    shop.do("purchase", "a", "b", transaction_id="t1")
    shop.do("view_item", "x")
    bot = make_event("view_item", event_id="bot", now_ms=1_790_000_000_000, items=[{"item_id": "y"}], anonymous_id="z")
    bot.audience = BOT
    shop.store.add_events([bot])
    assert [(user, item) for user, item, _ in rows(shop)] == [("order t1", "a"), ("order t1", "b")]


def test_what_was_taken_back_teaches_nothing(shop: Shop) -> None:
    for order in ("t1", "t2", "t3"):
        shop.do("purchase", f"{order}a", f"{order}b", visitor="v", transaction_id=order)
    shop.do("order_cancelled", visitor="v", transaction_id="t1")
    shop.do("refund", visitor="v", transaction_id="t2")
    shop.do("refund", "t3a", visitor="v", transaction_id="t3")
    assert sorted((item, weight) for _, item, weight in rows(shop)) == [("t3a", -10), ("t3a", 10), ("t3b", 10)]


def test_baskets_hold_the_items_of_one_order(shop: Shop) -> None:
    shop.do("purchase", "a", "b", visitor="v", transaction_id="t1")
    shop.do("purchase", "c", visitor="v", transaction_id="t2")
    shop.do("view_item", "d", visitor="v")
    log = read_interactions(shop.store)
    by_item = {log.item_ids[item]: int(basket) for item, basket in zip(log.items, log.baskets, strict=True)}
    assert by_item["a"] == by_item["b"] != by_item["c"]
    assert by_item["d"] == -1


def test_bad_ratings_are_no_recommendation(shop: Shop) -> None:
    shop.do("rate_item", "good", visitor="v", rating=5, rating_max=5)
    shop.do("rate_item", "bad", visitor="v", rating=1, rating_max=5)
    assert [item for _, item, _ in rows(shop)] == ["good"]


def test_nothing_after_the_moment_is_known(shop: Shop) -> None:
    shop.do("view_item", "before", visitor="v", at=NOW - 10)
    shop.do("view_item", "after", visitor="v", at=NOW - 5)
    assert [item for _, item, _ in rows(shop, until=NOW - 7)] == ["before"]
    assert rows(shop, until=0.0) == []


def test_memory_grows_with_the_arrays_and_not_with_the_events(shop: Shop) -> None:
    rng, items = random.Random(1), [f"i{n}" for n in range(2000)]
    for start in range(0, 3000, 500):
        shop.store.add_events(
            [
                shop.event("purchase", *rng.sample(items, 25), user=f"u{n % 900}", transaction_id=f"t{n}")
                for n in range(start, start + 500)
            ]
        )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    log = read_interactions(shop.store)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert len(log) == 75_000
    assert grown < 60, f"{grown:.0f} MB for 75,000 interactions"
