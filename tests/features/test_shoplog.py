import numpy as np
import pytest

from opsplug.events import Event, Item
from opsplug.features.cohorts import cohorts
from opsplug.features.funnels import entries, funnel, journeys
from opsplug.features.profiles import price_edges, profile
from opsplug.features.shoplog import BUY, VIEW, shop_log
from opsplug.features.visitors import bought_between, visitor_features
from opsplug.features.visits import VisitsBuilder

DAY = 86400.0
NOW = 1_700_000_000.0


def event(name, at, *items, user=None, anonymous=None, session=None, route=None, **properties):
    listed = [Item(item_id=item, price=price, quantity=quantity) for item, price, quantity in items]
    stamp = round(at * 1000)
    return Event(
        event_id=f"{name}{at}{user}{anonymous}{session}{properties}", event=name, timestamp=stamp, received_at=stamp,
        user_id=user, anonymous_id=anonymous, session_id=session, route=route, items=listed, properties=properties,
    )  # fmt: skip


def buy(at, user, order, value=10.0, item="tea", quantity=1, **more):
    return event(
        "purchase", at, (item, value / quantity, quantity), user=user, transaction_id=order, currency="EUR", **more
    )


def test_one_person_is_one_visitor_and_cancelled_orders_are_gone():
    log = shop_log(
        [
            event("view_item", NOW - 5, ("tea", None, 1), anonymous="a"),
            event("view_item", NOW - 4, ("tea", None, 1), anonymous="a", user="u"),
            buy(NOW - 3, "u", "1"),
            buy(NOW - 2, "u", "2"),
            event("order_cancelled", NOW - 1, user="u", transaction_id="2"),
        ]
    )
    assert len({log.visitor_ids[code] for code in log.visitors}) == 1
    assert log.kinds.tolist() == [VIEW, VIEW, BUY]
    assert log.values.sum() == 10.0
    assert log.accounts[log.visitors].all()


def test_money_of_another_currency_is_not_added_up():
    other = event("purchase", NOW, ("tea", 500.0, 1), user="u", transaction_id="9", currency="JPY")
    log = shop_log([buy(NOW - 2, "u", "1"), buy(NOW - 1, "u", "2"), other])
    assert log.currency == "EUR"
    assert log.values.sum() == 20.0


def test_guests_of_an_import_are_nobody():
    log = shop_log([event("purchase", NOW, ("tea", 5.0, 1), anonymous="order:77", transaction_id="77")])
    assert log.visitors.tolist() == [-1]
    assert len(visitor_features(log, NOW + 1).visitors) == 0


def test_features_are_what_a_person_would_count():
    log = shop_log(
        [
            buy(NOW - 40 * DAY, "u", "1", 30.0),
            buy(NOW - 20 * DAY, "u", "2", 10.0, item="pot", quantity=2),
            event("refund", NOW - 10 * DAY, ("pot", 5.0, 1), user="u", transaction_id="2", currency="EUR"),
            event("view_item", NOW - 3 * DAY, ("tea", None, 1), user="u"),
            event("view_item", NOW - 1, ("tea", None, 1), user="w"),
        ]
    )
    seen = visitor_features(log, NOW)
    row = dict(zip(seen.names, seen.matrix[0], strict=True))
    assert row["recency_days"] == pytest.approx(20)
    assert row["orders"] == 2
    assert row["value"] == pytest.approx(35.0)
    assert row["mean_gap_days"] == pytest.approx(20)
    assert row["orders_30d"] == 1
    assert row["largest_order"] == 30.0
    assert row["returns"] == 1
    assert row["views_7d"] == 1
    assert row["items"] == 2
    assert np.isnan(seen.column("recency_days")[1])
    assert seen.column("orders")[1] == 0


def test_nothing_leaks_from_after_the_moment():
    events = [buy(NOW - n * DAY, f"u{n % 7}", str(n), 5.0 + n) for n in range(60)]
    log = shop_log(events)
    cut = NOW - 20 * DAY
    early = visitor_features(shop_log([one for one in events if one.timestamp / 1000 < cut]), cut)
    late = visitor_features(log, cut)
    by_name = {log.visitor_ids[code]: row for code, row in zip(late.visitors, late.matrix, strict=True)}
    past = shop_log([one for one in events if one.timestamp / 1000 < cut])
    for code, row in zip(early.visitors, early.matrix, strict=True):
        np.testing.assert_allclose(by_name[past.visitor_ids[code]], row)
    assert bought_between(log, late.visitors, cut, NOW + 1).all()


def test_empty_and_broken_logs():
    log = shop_log([])
    assert (len(log), log.newest, log.currency) == (0, 0.0, "")
    assert visitor_features(log, NOW).matrix.shape[0] == 0
    assert cohorts(log) == ("month", [])
    broken = event("purchase", NOW, ("tea", float("nan"), 1), user="u", transaction_id="1")
    assert len(shop_log([broken])) == 0


def test_cohorts_count_who_comes_back():
    start = 1_672_704_000.0  # 2023-01-03
    events = [
        buy(start, "a", "1"),
        buy(start, "b", "2"),
        buy(start + 31 * DAY, "a", "3"),
        buy(start + 150 * DAY, "c", "4"),
    ]
    unit, found = cohorts(shop_log(events))
    assert unit == "month"
    assert (found[0].label, found[0].size, found[0].kept[:3]) == ("2023-01", 2, [2, 1, 0])
    assert (found[1].label, found[1].size) == ("2023-06", 1)


def test_the_young_shop_is_told_by_the_week():
    unit, found = cohorts(shop_log([buy(1_672_704_000.0, "a", "1"), buy(1_672_704_000.0 + 9 * DAY, "a", "2")]))
    assert unit == "week"
    assert found[0].label == "2023-01-02"
    assert found[0].kept == [1, 1]


def visits(ways):
    builder = VisitsBuilder()
    for number, (routes, steps) in enumerate(ways):
        at = NOW + number
        builder.add(event("page_view", at, session=str(number), route=route) for route in routes)
        builder.add(event(step, at, session=str(number)) for step in steps)
    return builder.visits().visits


def test_the_funnel_has_the_shops_own_steps_only():
    way = ["view_item", "add_to_cart", "purchase"]
    found = funnel(
        visits([(["/"], []), (["/"], way[:1]), (["/"], way[:2]), (["/"], way), (["/"], way), (["/"], ["view_cart"])])
    )
    assert [(step.name, step.visits) for step in found] == [
        ("visit", 6), ("view_item", 4), ("add_to_cart", 3), ("purchase", 2),
    ]  # fmt: skip
    assert funnel([]) == []


def test_journeys_of_few_are_nobodys_business():
    found = visits([(["/", "/p"], ["purchase"])] * 5 + [(["/secret", "/x"], [])] * 4)
    assert [(way.pages, way.visits, way.bought) for way in journeys(found)] == [(("/", "/p"), 5, 5)]
    assert [way.pages for way in entries(found)] == [("/",)]


def test_a_search_counts_once_a_visit():
    builder = VisitsBuilder()
    builder.add([event(name, NOW, session="s", search_term=" Tea  Pot") for name in ("search", "view_search_results")])
    assert [term for _, term, _ in builder.visits().searches] == ["tea pot"]


def test_a_profile_in_words():
    records = {f"i{n}": {"item_id": f"i{n}", "price": float(n + 1), "item_category": "Kitchen"} for n in range(30)}
    page = event("page_view", NOW - DAY, user="u", device="mobile", locale="de")
    events = [
        page,
        buy(NOW - 2 * DAY, "u", "1", 30.0, item="i29"),
        event("search", NOW - 5, user="u", search_term="pot"),
    ]
    found = profile("key", events, records, {"i29": ["big pot"]}, price_edges(records), NOW)
    assert found.orders == 1
    assert found.recency_days == pytest.approx(2)
    assert found.categories == [("Kitchen", 1.0)]
    assert found.tags == [("big pot", 1.0)]
    assert (found.price_band, found.device, found.language, found.searches) == ("high", "mobile", "de", ["pot"])
    assert not profile("key", [], records, {}, [], NOW).known
