"""The daily look at fairness on a shop whose unfairness is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from opsplug.engine.jobs import train
from opsplug.features.interactions import from_columns
from opsplug.features.items import catalogue
from opsplug.features.log_statistics import diversity, gini
from opsplug.features.recommendation_id import make_id
from opsplug.services.insight.findings.from_alarms import unfair
from opsplug.services.insight.findings.sentences import Sentences
from opsplug.training.fairness import KEY, KIND, alerts
from tests.support.shop import DAY, NOW, Shop

ITEMS = [f"i{n:03d}" for n in range(120)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Two brands alike in demand; lists show one of them only. Half of the visitors read Chinese."""
    shop = Shop(tmp_path_factory.mktemp("fair"))
    shop.catalog.upsert(
        {
            "item_id": item, "item_name": f"thing {item}", "item_brand": ("Loud", "Quiet")[n % 2], "price": 1.0 + n,
            "item_category": f"c{n % 3}", "created_at": NOW - (5 if n < 40 else 400) * DAY,
        }
        for n, item in enumerate(ITEMS)
    )  # fmt: skip
    rng, events = np.random.default_rng(3), []
    for visitor in range(150):
        who = f"v{visitor}"
        events.append(
            shop.event(
                "page_view", visitor=who, at=NOW - 29 * DAY, locale=("en-GB", "zh-CN")[visitor % 2], device="mobile"
            )
        )
        start = int(rng.integers(120))
        for step in range(12):
            item = ITEMS[(start + step * 3 + int(rng.integers(2))) % 120]
            events.append(
                shop.event("view_item", item, visitor=who, at=NOW - 28 * DAY + visitor * 900 + step * 2 * DAY)
            )
    for number in range(160):
        rec = make_id("home", "popular", at=NOW - DAY)
        shown = [str(item) for item in rng.choice(ITEMS[::2], 8, replace=False)]
        events.append(
            shop.event("view_item_list", *shown, visitor=f"v{number % 150}", at=NOW - DAY, recommendation_id=rec)
        )
    shop.store.add_events(events)
    train(shop.store, shop.artefacts, ["fairness"], clock=lambda: NOW)
    yield shop
    shop.close()


@pytest.fixture
def found(shop: Shop) -> dict[str, Any]:
    document = shop.store.get_document(KIND, KEY)
    assert isinstance(document, dict)
    return document


def test_a_brand_that_is_wanted_and_not_shown_is_named(found: dict[str, Any]) -> None:
    assert found["source"] == "shown"
    brands = {row["group"]: row for row in found["exposure"]["brand"]}
    assert brands["Quiet"]["exposure"] == 0
    assert brands["Loud"]["exposure"] == pytest.approx(1)
    assert 0.35 < brands["Quiet"]["demand"] < 0.65
    assert brands["Quiet"]["catalogue"] == 0.5
    worst = found["alerts"][0]
    assert (worst["what"], worst["by"], worst["group"]) == ("little", "brand", "Quiet")


def test_all_attributes_have_their_groups(found: dict[str, Any]) -> None:
    assert set(found["exposure"]) == {"brand", "category", "price", "age"}
    assert {row["group"] for row in found["exposure"]["price"]} == {"1", "2", "3", "4", "5"}
    assert {row["group"] for row in found["exposure"]["age"]} == {"new", "older"}
    for rows in found["exposure"].values():
        assert sum(row["exposure"] for row in rows) == pytest.approx(1)


def test_quality_is_told_of_groups_that_are_large_enough(found: dict[str, Any]) -> None:
    assert {row["group"] for row in found["quality"]["language"]} == {"en", "zh"}
    for rows in found["quality"].values():
        assert all(row["low"] <= row["ndcg"] <= row["high"] and 0 < row["coverage"] <= 1 for row in rows)
    assert {row["group"] for row in found["quality"]["history"]} <= {"new", "returning"}


def test_the_price_of_evening_out_is_known_before_it_is_switched_on(found: dict[str, Any]) -> None:
    rows = found["sliders"]["brand"]
    assert [row["slider"] for row in rows] == [0.0, 0.1, 0.2, 0.3, 0.5]
    assert rows[0]["ndcg"] == pytest.approx(1)
    assert all(row["low"] <= row["ndcg"] <= row["high"] for row in rows)
    assert rows[-1]["gap"] <= rows[0]["gap"] + 1e-9


def test_a_shop_without_events_gets_a_report_that_says_what_is_missing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    train(shop.store, shop.artefacts, ["fairness"], clock=lambda: NOW)
    document = shop.store.get_document(KIND, KEY)
    assert document["exposure"] == {}
    assert ["events", 0.0, 1000.0] in document["diversity"]["concerns"]
    shop.close()


def test_a_group_served_certainly_worse_is_an_alert() -> None:
    row = {"group": "zh", "ndcg": 0.05, "low": 0.04, "high": 0.06}
    result = {"exposure": {}, "quality": {"language": [row]}, "ndcg": 0.1}
    assert alerts(result) == [{"what": "poor", "by": "language", "group": "zh", "value": 0.5}]
    assert alerts(result | {"quality": {"language": [row | {"high": 0.09}]}}) == []


def test_concentration_is_seen() -> None:
    assert gini(np.array([5, 5, 5, 5])) == pytest.approx(0)
    assert gini(np.array([1, 1, 1, 97])) > 0.7
    users = [f"u{n}" for n in range(1000)]
    items = ["hit" if n % 10 else f"i{n}" for n in range(1000)]
    log = from_columns(users, items, np.linspace(NOW, NOW + 3.6e6, 1000))
    seen = diversity(log, catalogue([{"item_id": "hit"}, {"item_id": "never"}]), {"en": 5000, "zh": 20})
    assert seen.top_items > 0.89
    assert seen.untouched == 0.5
    assert ("language zh", 20.0, 200.0) in seen.concerns
    assert any(what == "returning" for what, _, _ in seen.concerns)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_past_a_threshold_is_a_finding_in_words(found: dict[str, Any], language: str) -> None:
    first = unfair(found)[0]
    said = Sentences(language, ZoneInfo("UTC"), "EUR", str)
    assert "Quiet" in said.text(first)
    assert ("Fairness" if language == "en" else "公平性") in said.action(first)
    assert unfair(None) == []
