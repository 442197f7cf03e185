"""The shop's own word on stock: whatever the callback does, a page gets its list, and soon."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from opsplug.capture.answers import EXPECTED
from opsplug.capture.callables import PAUSE
from opsplug.capture.counters import Counters
from opsplug.services.recommend.availability import LARGEST, MOST, Stock
from tests.support.shop import Shop, fill_catalogue

PATIENCE = EXPECTED["is_available"].patience
IDS = [str(n) for n in range(12)]


@pytest.fixture
def shop_with(tmp_path: Path) -> Iterator[Callable[[Any], Shop]]:
    made: list[Shop] = []

    def make(is_available: Any, ids: Sequence[str] = IDS) -> Shop:
        shop = Shop(tmp_path, is_available=is_available)
        fill_catalogue(shop, ids)
        made.append(shop)
        return shop

    yield make
    for shop in made:
        shop.close()


@pytest.mark.parametrize(
    "answer", [{3: True, 5: 1, 7: False}, {3, 5}, [3, "5"], (3, 5), {"3": True, "5": "yes", "7": ""}, iter(["3", "5"])]
)
def test_ids_may_be_numbers(shop_with: Callable[[Any], Shop], answer: Any) -> None:
    assert sorted(shop_with(lambda ids: answer).ids(k=4)) == ["3", "5"]


@pytest.mark.parametrize(
    "nonsense", [None, True, 5, "3", b"3", [True] * 8, [("3",), ("5",)], [{"item_id": "3"}], object(), [["3"]]]
)
def test_an_answer_that_cannot_be_read_has_said_nothing(shop_with: Callable[[Any], Shop], nonsense: Any) -> None:
    shop = shop_with(lambda ids: nonsense)
    assert len(shop.ids(k=4)) == 4
    assert shop.counters.get("errors.is_available") > 0


def test_the_log_is_not_flooded(shop_with: Callable[[Any], Shop], caplog: pytest.LogCaptureFixture) -> None:
    def fails(ids: Sequence[str]) -> Any:
        raise ConnectionError("closed")

    shop = shop_with(fails)
    for _ in range(20):
        assert len(shop.ids(k=4)) == 4
    assert caplog.text.count("is_available failed") == 1
    assert shop.counters.get("errors.is_available") >= 20


def test_one_that_takes_long_is_left_alone_for_a_while() -> None:
    now, asked = [0.0], []

    def slow(ids: Sequence[str]) -> list[str]:
        asked.append(now[0])
        now[0] += 2 * PATIENCE
        return list(ids)

    counters = Counters()
    stock = Stock(slow, counters, clock=lambda: now[0])
    assert stock(["a"]) == {"a"}
    assert stock(["a"]) is None
    now[0] += PAUSE
    assert stock(["a"]) == {"a"}
    assert len(asked) == 2
    assert counters.get("errors.is_available") == 2
    assert counters.get("callables_not_asked.is_available") == 1


def test_while_one_question_hangs_no_other_request_does() -> None:
    now, hangs, entered = [0.0], threading.Event(), threading.Event()

    def hang(ids: Sequence[str]) -> list[str]:
        entered.set()
        hangs.wait(60)
        return list(ids)

    stock = Stock(hang, Counters(), clock=lambda: now[0])
    thread = threading.Thread(target=stock, args=(["a"],))
    thread.start()
    assert entered.wait(60)
    now[0] += 2 * PATIENCE
    assert stock(["a"]) is None, "it would have hung here"
    hangs.set()
    thread.join(60)


def test_a_shop_that_has_nothing_is_asked_a_few_times_only(shop_with: Callable[[Any], Shop]) -> None:
    asked: list[int] = []

    def nothing(ids: Sequence[str]) -> list[str]:
        asked.append(len(ids))
        return []

    shop = shop_with(nothing, [f"i{n}" for n in range(6000)])
    answer = shop.recommender.recommend(k=8)
    assert answer.items == []
    assert "available" in answer.note
    assert len(asked) <= 12
    assert max(asked) <= LARGEST
    assert sum(asked) <= MOST + LARGEST
