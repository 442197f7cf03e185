from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsplug.demo.orders import (
    MOST_LINES,
    MOST_OF_ONE_ITEM,
    Line,
    Order,
    OrderBook,
    delivery_price,
    put,
    set_quantity,
)

CARTS = st.dictionaries(st.text("abc", min_size=1, max_size=2), st.integers(1, MOST_OF_ONE_ITEM), max_size=5)


@given(CARTS, st.sampled_from(["a", "b"]), st.integers(1, 200))
def test_putting_adds_up_to_the_limit_and_leaves_the_rest_alone(cart: dict[str, int], item: str, more: int) -> None:
    before = dict(cart)
    after = put(cart, item, more)
    assert cart == before
    assert after[item] == min(before.get(item, 0) + more, MOST_OF_ONE_ITEM)
    assert {key: value for key, value in after.items() if key != item} == {k: v for k, v in before.items() if k != item}


def test_a_full_cart_takes_no_new_thing_but_more_of_an_old_one() -> None:
    full = {str(number): 1 for number in range(MOST_LINES)}
    assert put(full, "new", 1) == full
    assert put(full, "0", 1)["0"] == 2


@pytest.mark.parametrize("quantity", [0, -3])
def test_none_of_it_takes_it_out(quantity: int) -> None:
    assert set_quantity({"a": 2, "b": 1}, "a", quantity) == {"b": 1}


def test_standard_delivery_is_free_for_a_large_order() -> None:
    assert delivery_price("standard", 49.99) == 3.95
    assert delivery_price("standard", 50.0) == 0
    assert delivery_price("express", 500.0) == 6.95


def order(number: str, customer: str | None = "c1", day: int = 1) -> Order:
    return Order(
        number, datetime(2026, 1, day, 9, 30, tzinfo=UTC), customer, (Line("a", 3, 0.1), Line("b", 1, 2.5)), 3.95
    )


def test_an_order_adds_up_in_pence() -> None:
    assert order("1").goods == 2.8
    assert order("1").total == 6.75


def test_an_order_placed_twice_is_one(tmp_path: Path) -> None:
    book = OrderBook(tmp_path / "orders.jsonl")
    assert book.add(order("1"))
    assert not book.add(order("1"))
    assert len((tmp_path / "orders.jsonl").read_text().splitlines()) == 1


def test_orders_survive_a_restart_beside_the_history(tmp_path: Path) -> None:
    history = [order("old", day=1)]
    OrderBook(tmp_path / "orders.jsonl", history).add(order("new", day=2))
    again = OrderBook(tmp_path / "orders.jsonl", history)
    assert again.get("new") == order("new", day=2)
    assert [each.number for each in again.of_customer("c1")] == ["new", "old"]
    assert again.of_customer("c2") == []
