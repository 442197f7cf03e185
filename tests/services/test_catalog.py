"""The catalogue takes what shops really have, refuses what would spoil it, and is fresh in every worker."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from opsplug.errors import EventError
from tests.support.shop import NOW, Shop


def test_upsert_get_remove(shop: Shop) -> None:
    assert shop.catalog.upsert([{"item_id": "a", "item_name": "Mug", "price": "9.90", "unknown": 1}]) == 1
    assert shop.catalog.get("a") == {"item_id": "a", "item_name": "Mug", "price": 9.9}
    assert [record["item_id"] for record in shop.catalog.all()] == ["a"]
    shop.catalog.remove(["a"])
    assert shop.catalog.get("a") is None
    assert shop.catalog.snapshot().records == {}


@pytest.mark.parametrize("item_id", ["x y", "🫖", "x" * 1000, "a/b?c=d&e", "ид", 42])
def test_odd_ids_are_ids(shop: Shop, item_id: object) -> None:
    shop.catalog.upsert([{"item_id": item_id, "price": 0}])
    assert shop.ids(k=1) == [str(item_id)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", float("nan")), ("price", -1), ("price", "cheap"), ("price", True), ("item_id", ""), ("item_id", None),
        ("availability", "maybe"), ("created_at", "soon"), ("attributes", "red"),
    ],
)  # fmt: skip
def test_a_bad_record_is_named_and_nothing_is_half_done(shop: Shop, field: str, value: object) -> None:
    with pytest.raises(EventError, match=field):
        shop.catalog.upsert([{"item_id": "good"}, {"item_id": "bad", field: value}])
    assert shop.catalog.all() == []
    assert shop.catalog.upsert([{"item_id": "good"}, {"item_id": "bad", field: value}], origin="page") == 1


def test_pages_never_replace_what_the_shop_said(shop: Shop) -> None:
    shop.catalog.upsert([{"item_id": "a", "item_name": "right"}])
    shop.catalog.upsert([{"item_id": "a", "item_name": "wrong"}, {"item_id": "b"}], origin="page")
    record = shop.catalog.get("a")
    assert record is not None
    assert record["item_name"] == "right"
    assert shop.catalog.get("b") is not None


@pytest.mark.parametrize(
    ("said", "kept"),
    [("https://schema.org/OutOfStock", "out_of_stock"), ("InStock", "in_stock"), ("pre-order", "preorder")],
)
def test_availability_in_the_spellings_of_the_field(shop: Shop, said: str, kept: str) -> None:
    shop.catalog.upsert([{"item_id": "a", "availability": said}])
    record = shop.catalog.get("a")
    assert record is not None
    assert record["availability"] == kept


def test_times_come_in_three_forms(shop: Shop) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    for value in (moment, moment.timestamp(), "2026-01-02T00:00:00+00:00"):
        shop.catalog.upsert([{"item_id": "a", "created_at": value}])
        record = shop.catalog.get("a")
        assert record is not None
        assert record["created_at"] == moment.timestamp()


def test_another_worker_sees_a_change_soon(shop: Shop) -> None:
    shop.catalog.upsert([{"item_id": "a"}])
    other = shop.worker()
    assert other.ids(k=5) == ["a"]
    shop.catalog.upsert([{"item_id": "a", "availability": "out_of_stock"}, {"item_id": "b", "created_at": NOW}])
    deadline = time.monotonic() + 60
    while other.ids(k=5) != ["b"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert other.ids(k=5) == ["b"]
    other.close()
