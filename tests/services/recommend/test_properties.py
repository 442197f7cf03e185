"""Random visitors of a trained and an untrained shop: what must hold for every list holds for each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.shop import DAY, NOW, TEA, TOYS, Shop, fill_catalogue, fill_events

VISITORS = 1000 if os.environ.get("OPSPLUG_SOAK") == "1" else 150
ITEMS = [*TEA, *TOYS]
GONE = {"tea11", "toy11"}
SOLD_OUT = {"tea10"}
CONSUMABLE = {"tea09"}
NAMES = ("view_item", "view_item", "view_item", "add_to_cart", "remove_from_cart", "purchase", "item_feedback")
PLACEMENTS = ("home", "item", "cart", "order", "search", "article")


@pytest.fixture(scope="module", params=["untrained", "trained"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("shop"), is_available=lambda ids: set(ids) - SOLD_OUT)
    fill_catalogue(shop)
    fill_events(shop, 200)
    if request.param == "trained":
        shop.train()
    shop.catalog.upsert([{"item_id": "tea09", "item_name": "Green tea", "consumable_days": 10}])
    shop.catalog.remove(sorted(GONE))
    yield shop
    shop.close()


def live(shop: Shop, number: int, rng: np.random.Generator) -> tuple[str, dict[str, Any]]:
    """A random life; -> visitor and what a list must respect, worked out apart from the code under test."""
    who, events = f"random{number}", []
    state: dict[str, Any] = {"cart": set(), "bought": {}, "unwanted": set()}
    for step in range(int(rng.choice([0, 1, 3, 10, 40]))):
        name, item = str(rng.choice(NAMES)), str(rng.choice(ITEMS))
        at = NOW - 20 * DAY + step * 3600 + number
        events.append(shop.event(name, item, visitor=who, at=at, transaction_id=f"{who}-{step}", action="hide"))
        if name == "add_to_cart":
            state["cart"].add(item)
        elif name == "remove_from_cart":
            state["cart"].discard(item)
        elif name == "purchase":
            state["cart"].discard(item)
            state["bought"][item] = at
        elif name == "item_feedback":
            state["unwanted"].add(item)
    shop.store.add_events(events)
    return who, state


def test_what_must_hold_for_every_visitor(shop: Shop) -> None:
    rng = np.random.default_rng(11)
    for number in range(VISITORS):
        who, state = live(shop, number, rng)
        k, repeats = int(rng.integers(1, 30)), bool(rng.random() < 0.3)
        placement, page = str(rng.choice(PLACEMENTS)), str(rng.choice(ITEMS)) if rng.random() < 0.5 else None
        excluded = {str(item) for item in rng.choice(ITEMS, 2)}
        question: dict[str, Any] = {
            "placement": placement, "item_id": page, "anonymous_id": who, "k": k, "exclude": excluded, "repeats": repeats,
        }  # fmt: skip
        answer = shop.recommender.recommend(**question)
        shown = [item.item_id for item in answer.items]
        kept = {item for item, at in state["bought"].items() if not (item in CONSUMABLE and NOW - at >= 10 * DAY)}
        forbidden = (
            state["cart"] | state["unwanted"] | excluded | GONE | SOLD_OUT | {page} | (set() if repeats else kept)
        )
        assert not forbidden & set(shown), (who, question)
        assert set(shown) <= set(ITEMS)
        assert len(shown) == len(set(shown))
        possible = len(set(ITEMS) - forbidden)
        assert len(shown) == min(k, possible), (who, question)
        assert bool(answer.note) == (len(shown) < k)
        assert shown == shop.ids(**question), "the same question has the same answer"
        assert all(item.reason for item in answer.items)


@pytest.mark.parametrize("events", [0, 1, 10, 100, 1000])
def test_never_empty_however_much_or_little_is_known(tmp_path: Path, events: int) -> None:
    shop = Shop(tmp_path)
    fill_catalogue(shop)
    rng = np.random.default_rng(events)
    shop.store.add_events(
        [shop.event("view_item", str(rng.choice(ITEMS)), visitor=f"v{n % 50}", at=NOW - n) for n in range(events)]
    )
    for trained in (False, True):
        if trained:
            shop.train()
        for question in ({}, {"placement": "item", "item_id": "tea01"}, {"anonymous_id": "v0"}, {"history": ["toy01"]}):
            answer = shop.recommender.recommend(**question)
            assert len(answer.items) == 8, (trained, question)
            assert answer.rung in _rungs(question, events), (trained, question, answer.rung)
    shop.close()


def _rungs(question: dict[str, Any], events: int) -> set[str]:
    if "history" in question:
        return {"session"}
    if "anonymous_id" in question and events:
        return {"session", "personal"}
    return {"item"} if "item_id" in question else {"popular"} if events else {"catalogue"}


def test_lists_of_different_visitors_differ(shop: Shop) -> None:
    rng = np.random.default_rng(5)
    lists = [set(shop.ids(history=rng.choice(ITEMS, 4, replace=False).tolist(), k=6)) for _ in range(40)]
    overlap = [len(a & b) / len(a | b) for a, b in combinations(lists, 2)]
    assert np.mean(overlap) <= 0.5


@pytest.mark.parametrize(
    "records",
    [
        [{"item_id": "only"}],
        [{"item_id": f"{n}", "price": 0} for n in range(5)],
        [{"item_id": "🫖" * 200 + str(n), "item_name": "茶壶" * 300} for n in range(5)],
        [{"item_id": f"a b/{n}?c=d", "item_name": ""} for n in range(5)],
    ],
)
def test_odd_catalogues_make_lists_or_say_why_not(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    shop = Shop(tmp_path)
    shop.catalog.upsert(records)
    ids = [record["item_id"] for record in records]
    for _ in range(2):
        assert sorted(shop.ids(k=10)) == sorted(ids)
        answer = shop.recommender.recommend("item", ids[0], k=10)
        assert sorted(item.item_id for item in answer.items) == sorted(ids[1:])
        assert answer.note
        shop.store.add_events([shop.event("view_item", ids[0], visitor=f"v{n}", at=NOW) for n in range(300)])
        shop.train()
    shop.close()
