"""Credit goes to the last click of the seven days before, once per order, and refunds take it back."""

from __future__ import annotations

from typing import Any

import pytest

from opsplug.features.recommendation_id import make_id
from opsplug.services.outcomes.attribution import PlacementReport, attribute
from opsplug.services.outcomes.orders import read_orders
from tests.support.shop import DAY, NOW, Shop

ITEM_LIST = make_id("item", "item", at=NOW, version="20260101T000000000-aaaaaaaa")
CART_LIST = make_id("cart", "item", at=NOW, version="20260101T000000000-bbbbbbbb")
START = NOW - 20 * DAY


def report(shop: Shop, since: float = START) -> dict[str, PlacementReport]:
    rows = attribute(shop.store, since_ms=round(since * 1000), until_ms=round(NOW * 1000))
    return {row.placement: row for row in rows}


def show(shop: Shop, *items: str, at: float, who: str = "v", rec: str = ITEM_LIST, first: int = 0) -> None:
    listed = [{"item_id": item, "index": first + place, "recommendation_id": rec} for place, item in enumerate(items)]
    shop.do("view_item_list", *listed, visitor=who, at=at, recommendation_id=rec, item_list_id="opsplug:item")


def click(shop: Shop, item: str, at: float, who: str = "v", rec: str = ITEM_LIST) -> None:
    shop.do("select_item", {"item_id": item, "recommendation_id": rec}, visitor=who, at=at, recommendation_id=rec)


def buy(shop: Shop, order: str, *items: str, at: float, who: str | None = "v", **extra: Any) -> None:
    lines = [{"item_id": item, "price": 10.0, "quantity": 2} for item in items]
    shop.do("purchase", *lines, visitor=who, at=at, transaction_id=order, **{"currency": "EUR", **extra})


def test_shown_clicked_carted_bought(shop: Shop) -> None:
    show(shop, "a", "b", at=START + 10)
    show(shop, "c", at=START + 12, first=2)  # the rest of the same list, scrolled into view
    click(shop, "a", START + 20)
    shop.do("add_to_cart", "a", visitor="v", at=START + 30)
    shop.do("add_to_cart", "z", visitor="v", at=START + 31)
    buy(shop, "t1", "a", "z", at=START + 3 * DAY)
    row = report(shop)["item"]
    assert (row.model, row.impressions, row.items_shown, row.clicks, row.carts) == ("aaaaaaaa", 1, 3, 1, 1)
    assert (row.purchases, row.revenue, row.view_through) == (1, {"EUR": 20.0}, 0)


def test_the_last_click_takes_the_credit_and_a_week_ends_it(shop: Shop) -> None:
    click(shop, "a", START)
    click(shop, "a", START + 10, rec=CART_LIST)
    click(shop, "b", START)
    buy(shop, "t1", "a", at=START + DAY)
    buy(shop, "t2", "b", at=START + 7 * DAY + 1)
    rows = report(shop)
    assert (rows["cart"].purchases, rows["item"].purchases) == (1, 0)


def test_a_click_after_the_purchase_or_by_somebody_else_earns_nothing(shop: Shop) -> None:
    click(shop, "a", START, who="other")
    buy(shop, "t1", "a", at=START + 10)
    click(shop, "a", START + 20)
    assert report(shop)["item"].purchases == 0


def test_only_seen_is_counted_apart(shop: Shop) -> None:
    show(shop, "a", "b", at=START)
    buy(shop, "t1", "a", at=START + 3600)
    buy(shop, "t2", "b", at=START + 2 * DAY)
    row = report(shop)["item"]
    assert (row.purchases, row.revenue) == (0, {})
    assert (row.view_through, row.view_through_revenue) == (1, {"EUR": 20.0})


@pytest.mark.parametrize(
    ("undo", "purchases", "revenue"),
    [
        ([("refund", ({"item_id": "a", "quantity": 1},), {})], 1, 10.0),
        ([("refund", ({"item_id": "a", "quantity": 2},), {})], 0, 0.0),
        ([("refund", (), {})], 0, 0.0),
        ([("refund", (), {"value": 5.0})], 1, 15.0),
        ([("order_cancelled", (), {})], 0, 0.0),
        ([("order_cancelled", (), {}), ("refund", (), {})], 0, 0.0),
    ],
)
def test_what_is_taken_back_takes_credit_back(shop: Shop, undo: Any, purchases: int, revenue: float) -> None:
    click(shop, "a", START)
    buy(shop, "t1", "a", at=START + 10)
    for name, items, extra in undo:
        shop.do(name, *items, visitor="v", at=START + DAY, transaction_id="t1", **extra)
    row = report(shop)["item"]
    assert row.purchases == purchases
    assert row.revenue.get("EUR", 0.0) == pytest.approx(revenue)


def test_an_order_reported_twice_counts_once(shop: Shop) -> None:
    click(shop, "a", START)
    buy(shop, "t1", "a", at=START + 10)
    buy(shop, "t1", "a", at=START + 11)
    assert report(shop)["item"].purchases == 1
    assert len(read_orders(shop.store, 0, round(NOW * 1000))) == 1


def test_currencies_are_never_added(shop: Shop) -> None:
    click(shop, "a", START)
    buy(shop, "t1", "a", at=START + 10)
    buy(shop, "t2", "a", at=START + 11, currency="USD")
    assert report(shop)["item"].revenue == {"EUR": 20.0, "USD": 20.0}


def test_a_click_before_the_login_counts_for_the_user_who_bought(shop: Shop) -> None:
    click(shop, "a", START, who="phone")
    shop.do("login", visitor="phone", user="u", at=START + 5)
    shop.do("purchase", {"item_id": "a", "price": 3.0}, user="u", at=START + 9, transaction_id="t", currency="EUR")
    assert report(shop)["item"].revenue == {"EUR": 3.0}


def test_a_line_that_names_its_recommendation_needs_no_click(shop: Shop) -> None:
    shop.do(
        "purchase", {"item_id": "a", "price": 4.0, "recommendation_id": CART_LIST}, visitor="v", at=START,
        transaction_id="t", currency="EUR",
    )  # fmt: skip
    assert report(shop)["cart"].revenue == {"EUR": 4.0}


def test_clicks_before_the_period_earn_orders_within_it(shop: Shop) -> None:
    click(shop, "a", START)
    buy(shop, "t1", "a", at=START + 2 * DAY)
    row = report(shop, since=START + DAY)["item"]
    assert (row.clicks, row.purchases) == (0, 1)


def test_value_is_shared_by_lines_without_a_price(shop: Shop) -> None:
    shop.do(
        "purchase", {"item_id": "a", "quantity": 3}, {"item_id": "b", "price": 4.0}, visitor="v", at=START,
        transaction_id="t", value=10.0,
    )  # fmt: skip
    (order,) = read_orders(shop.store, 0, round(NOW * 1000))
    assert {item: line.amount for item, line in order.lines.items()} == {"a": 6.0, "b": 4.0}


def test_foreign_ids_are_credited_to_the_list_they_were_shown_in(shop: Shop) -> None:
    show(shop, "a", at=START, rec="r1")
    click(shop, "a", START + 1, rec="r1")
    buy(shop, "t1", "a", at=START + 2)
    assert report(shop)["item"].purchases == 1
