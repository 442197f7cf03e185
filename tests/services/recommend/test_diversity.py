"""Caps and diversity: the order that the plain definition gives, at a price that a page can pay."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opsplug.services.recommend.ranking import Candidate
from opsplug.services.recommend.rules import Rules, choose, parse_rules
from tests.support.shop import Shop


def shelf(count: int, seed: int) -> tuple[list[Candidate], dict[str, dict[str, Any]]]:
    rng = np.random.default_rng(seed)
    records = {
        f"i{n}": {
            "item_id": f"i{n}", "item_brand": f"b{rng.integers(4)}", "item_category": f"c{rng.integers(3)}",
            "price": float(rng.integers(0, 4)),
        }
        for n in range(count)
    }  # fmt: skip
    scores = np.sort(rng.random(count))[::-1]
    return [Candidate(item, float(score), "popular") for item, score in zip(records, scores, strict=True)], records


def alike(a: dict[str, Any], b: dict[str, Any]) -> float:
    low, high = sorted((a["price"], b["price"]))
    same = 0.6 * (a["item_category"] == b["item_category"]) + 0.3 * (a["item_brand"] == b["item_brand"])
    return float(same + (0.1 * low / high if high else 0.0))


def by_definition(
    candidates: list[Candidate], records: dict[str, dict[str, Any]], k: int, diversity: float, cap: int
) -> list[str]:
    """Carbonell and Goldstein's formula, word for word."""
    rest, chosen, top = list(candidates), [], candidates[0].score
    count: Counter[str] = Counter()
    while rest and len(chosen) < k:
        found = max(
            rest,
            key=lambda one: (
                (1 - diversity) * one.score / top
                - diversity
                * max((alike(records[one.item_id], records[other.item_id]) for other in chosen), default=0.0)
            ),
        )
        rest.remove(found)
        brand = records[found.item_id]["item_brand"]
        if count[brand] < cap:
            count[brand] += 1
            chosen.append(found)
    return [one.item_id for one in chosen]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("diversity", "cap"), [(0.3, 99), (0.7, 3), (1.0, 2)])
def test_the_order_is_the_one_of_the_definition(seed: int, diversity: float, cap: int) -> None:
    candidates, records = shelf(60, seed)
    rules = parse_rules({"diversity": diversity, "caps": {"item_brand": cap}})
    found = [one.item_id for one in choose(candidates, rules, records, 8, page=None)]
    assert found == by_definition(candidates, records, 8, diversity, cap)


def test_what_stands_in_the_list_stays_and_counts() -> None:
    candidates, records = shelf(60, 1)
    first = candidates[40:43]
    brand = records[first[0].item_id]["item_brand"]
    found = choose(candidates[:40], Rules(caps={"item_brand": 1}, diversity=0.5), records, 6, chosen=first)
    assert found[:3] == first
    assert brand not in [records[one.item_id]["item_brand"] for one in found[3:]]


@pytest.mark.parametrize(
    "document",
    [
        {"diversity": 0.3},
        {"caps": {"item_brand": 3}},
        {"diversity": 0.3, "caps": {"item_brand": 3, "item_category": 2}, "rotation": 0.2, "fairness": 0.3},
    ],
)
@pytest.mark.parametrize("history", [[], ["i5", "i77"]])
def test_no_rule_makes_a_page_wait(tmp_path: Path, document: dict[str, Any], history: list[str]) -> None:
    """A list of fifty of ten thousand items, two brands of which may take three places each."""
    shop = Shop(tmp_path)
    shop.catalog.upsert(
        {
            "item_id": f"i{n}", "item_name": f"thing {n % 500} word{n % 37}", "item_category": f"c{n % 20}",
            "item_brand": f"b{n % 2}", "price": 1 + n % 90,
        }
        for n in range(10_000)
    )  # fmt: skip
    shop.ids(history=history)
    shop.store.put_document("rules", "recommendations", document, 0)
    shop.recommender._rules = (-9.0, Rules())
    shop.ids(k=1)
    costs = []
    for _ in range(3):
        began = time.thread_time()  # of this thread: texts are indexed beside it
        found = shop.ids(history=history, k=50)
        costs.append(time.thread_time() - began)
    assert min(costs) < 0.15
    assert len(found) == (6 if "caps" in document else 50)
    shop.close()
