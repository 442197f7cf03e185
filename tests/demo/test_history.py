import itertools
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsplug.demo.catalogue import DATA, read_lines
from opsplug.demo.history import BATCH, NEWEST_DAY, History, import_orders, weeks_until
from opsplug.demo.shop import CUSTOMERS


@pytest.mark.parametrize("days", range(7))
def test_the_fewest_whole_weeks_reach_yesterday(days: int) -> None:
    yesterday = date(2026, 11, 23) + timedelta(days=days)
    weeks = weeks_until(yesterday)
    reached = NEWEST_DAY + timedelta(weeks=weeks)
    assert yesterday <= reached < yesterday + timedelta(weeks=1)


def test_history_ends_yesterday_and_keeps_the_weekdays(tmp_path: Path) -> None:
    history = History.open(tmp_path, today=date(2026, 11, 24))
    orders = list(history.orders())
    assert orders[-1].at.date() == date(2026, 11, 23)
    assert all(first.at <= second.at for first, second in itertools.pairwise(orders))
    first = next(read_lines(DATA / "orders.jsonl.gz"))
    assert orders[0].at.date() - date.fromisoformat(first["at"][:10]) == timedelta(weeks=history.weeks)
    assert not any(order.at.weekday() == 5 for order in orders)  # this retailer took no orders on Saturdays


def test_a_later_start_keeps_the_dates_and_adds_the_days_that_passed(tmp_path: Path) -> None:
    first = list(History.open(tmp_path, today=date(2026, 11, 24)).orders())
    later = list(History.open(tmp_path, today=date(2026, 11, 26)).orders())
    assert later[: len(first)] == first
    assert later[-1].at.date() == date(2026, 11, 25)


def test_the_customers_who_can_log_in_have_bought_of_late(tmp_path: Path) -> None:
    history = History.open(tmp_path, today=date(2026, 11, 24))
    orders = list(history.orders(set(CUSTOMERS)))
    for customer in CUSTOMERS:
        own = [order for order in orders if order.customer == customer]
        assert len(own) >= 6
        assert own[-1].at.date() > date(2026, 10, 1)


class Recorder:
    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.waiting = self.most_waiting = 0

    def track(self, event: str, **values: Any) -> str:
        assert event == "purchase"
        self.sent.append(values)
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        return ""

    def flush(self, timeout: float) -> None:
        self.waiting = 0


def test_each_order_is_told_once_by_its_number_and_never_too_many_wait(tmp_path: Path) -> None:
    orders = list(History.open(tmp_path, today=date(2026, 11, 24)).orders())[: 2 * BATCH + 10]
    engine, heard = Recorder(), []
    import_orders(engine, orders, heard.append)  # type: ignore[arg-type]
    assert heard == [BATCH, 2 * BATCH, len(orders)]
    assert engine.waiting == 0
    assert engine.most_waiting == BATCH
    assert [sent["transaction_id"] for sent in engine.sent] == [order.number for order in orders]
    assert len({sent["transaction_id"] for sent in engine.sent}) == len(orders)
    for sent in engine.sent:
        assert sent["value"] == round(sum(item["price"] * item["quantity"] for item in sent["items"]), 2)
        assert sent["user_id"]
        assert sent["currency"] == "GBP"
