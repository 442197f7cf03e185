"""The overview's numbers against a log whose right answers are known: one definition of order, revenue, visit and day."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from opsplug.events import Event, make_event
from opsplug.services.outcomes.statistics import Overview, Statistics
from opsplug.store import open_store

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 5, 12, 0, tzinfo=BERLIN)  # the clocks went back on 2026-10-25
LINES = [{"item_id": "mug", "price": 10.0, "quantity": 2}, {"item_id": "pot", "price": 20.0, "quantity": 1}]
ORDER = {"transaction_id": "t1", "value": 45.0, "currency": "EUR"}  # 5 for its delivery


def at(day: int, hour: float = 10.0, month: int = 11) -> datetime:
    return datetime(2026, month, day, int(hour), round(60 * (hour % 1)), tzinfo=BERLIN)


def event(name: str, when: datetime, *, source: str = "server", items: Any = (), **properties: Any) -> Event:
    who = {key: properties.pop(key) for key in ("anonymous_id", "user_id") if key in properties}
    made = make_event(
        name, event_id=uuid4().hex, now_ms=int(when.timestamp() * 1000), items=list(items), properties=properties, **who
    )
    made.source = source
    return made


def overview(folder: Path, *events: Event) -> Overview:
    store = open_store(f"sqlite:///{folder}/shop.db")
    store.add_events(list(events))
    found = Statistics(
        lambda: store, lambda: None, dict, "Europe/Berlin", clock=NOW.timestamp  # type: ignore[arg-type, return-value]
    ).overview()  # fmt: skip
    store.close()
    return found


def bought(*after: Event) -> list[Event]:
    return [event("purchase", at(3), items=LINES, anonymous_id="v", **ORDER), *after]


@pytest.mark.parametrize(
    ("after", "orders", "revenue"),
    [
        ([], 1, 45.0),
        ([event("refund", at(4), transaction_id="t1")], 0, 0.0),
        ([event("order_cancelled", at(4), transaction_id="t1")], 0, 0.0),
        ([event("refund", at(4), transaction_id="t1", value=15.0, currency="EUR")], 1, 30.0),
        ([event("refund", at(4), transaction_id="t1", value=15.0)], 1, 30.0),
        ([event("refund", at(4), transaction_id="t1", value=-15.0)], 1, 30.0),
        ([event("refund", at(4), transaction_id="t1", items=[{"item_id": "mug", "quantity": 1}])], 1, 35.0),
        ([event("refund", at(4), transaction_id="t1", value=45.0)], 0, 0.0),
        ([event("refund", at(4), transaction_id="other", value=45.0)], 1, 45.0),
        (bought(), 1, 45.0),
    ],
    ids="kept whole cancelled part no-currency negative line by-value another twice".split(),
)
def test_revenue_is_what_is_left(tmp_path: Path, after: list[Event], orders: int, revenue: float) -> None:
    found = overview(tmp_path, *bought(*after))
    assert found.orders.now == orders
    assert sum(figure.now for figure in found.revenue.values()) == pytest.approx(revenue)
    assert set(found.revenue) <= {"EUR"}


def test_an_order_without_lines_is_worth_its_value(tmp_path: Path) -> None:
    found = overview(tmp_path, event("purchase", at(3), transaction_id="t1", value=12.5, currency="EUR"))
    assert (found.orders.now, found.revenue["EUR"].now) == (1, 12.5)


def test_imported_orders_are_orders_and_no_visits(tmp_path: Path) -> None:
    imported = [
        event("purchase", at(2), source="import", items=LINES, user_id=f"u{n}", transaction_id=f"i{n}")
        for n in range(20)
    ]
    seen = [event("page_view", at(3), anonymous_id=f"v{n}") for n in range(10)]
    found = overview(tmp_path, *imported, *seen, *bought())
    assert (found.orders.now, found.visitors.now, found.buyers.now) == (21, 11, 1)


def test_who_did_not_agree_is_a_view_and_no_visitor(tmp_path: Path) -> None:
    views = [event("page_view", at(3)) for _ in range(30)]
    found = overview(tmp_path, *views, *(event("page_view", at(3), anonymous_id="v") for _ in range(10)))
    assert (found.visitors.now, found.agreed, sum(found.page_views)) == (1, 0.25, 40)


@pytest.mark.parametrize("days", [(24, 10), (25, 10), (26, 10), (4, 11)])
@pytest.mark.parametrize("hour", [0.1, 12.0, 23.9])
def test_a_day_is_the_shops_also_when_the_clocks_change(tmp_path: Path, days: tuple[int, int], hour: float) -> None:
    when = at(days[0], hour, days[1])
    found = overview(tmp_path, event("purchase", when, value=1.0), event("page_view", when, anonymous_id="v"))
    place = found.days.index(when.date())
    for figures in (found.orders.days, found.page_views, found.visitors.days):
        assert [index for index, amount in enumerate(figures) if amount] == [place]


def test_today_is_compared_with_the_same_part_of_the_day(tmp_path: Path) -> None:
    month_before = [event("purchase", at(6, hour, month=10), value=1.0) for hour in (9.0, 11.0, 15.0, 22.0)]
    today = [event("purchase", at(5, hour), value=1.0) for hour in (9.0, 11.0)]
    found = overview(tmp_path, *month_before, *today)
    assert (found.orders.now, found.orders.before) == (2, 2)
