"""Housekeeping: what goes, and what stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsplug.training.run.job import Work
from opsplug.training.run.upkeep import prune
from opsplug.units import DAY
from tests.support.shop import NOW, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


def work(shop: Shop, days: int, now: float = NOW) -> Work:
    return Work(shop.store, shop.artefacts, clock=lambda: now, options={"retention_days": days})


def ages(shop: Shop) -> list[int]:
    found = [event for batch in shop.store.read_events() for _, event in batch]
    return [round((NOW - event.timestamp / 1000) / DAY) for event in found]


def fill(shop: Shop, *days: int) -> None:
    for age in days:
        shop.now = NOW - age * DAY  # it was received then, too
        shop.do("view_item", "tea01", visitor=f"v{age}", at=NOW - age * DAY)


def test_what_is_older_than_the_setting_goes(shop: Shop) -> None:
    fill(shop, 40, 31, 29, 0)
    prune(work(shop, 30))
    assert ages(shop) == [29, 0]
    prune(work(shop, 0))
    assert ages(shop) == [29, 0]


def test_an_old_log_does_not_vanish_over_night(shop: Shop) -> None:
    fill(shop, 4000, 3990, 3971)
    prune(work(shop, 730))
    assert ages(shop) == [4000, 3990, 3971]


def test_a_clock_that_runs_back_removes_nothing_more(shop: Shop) -> None:
    fill(shop, 31, 0)
    prune(work(shop, 30, NOW - 2 * DAY))
    assert ages(shop) == [31, 0]
