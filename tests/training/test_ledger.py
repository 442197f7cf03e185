"""Every reader of a log agrees about whose device it was and which orders were taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from opsplug.features.shoplog import BUY
from opsplug.training.reader import read_interactions
from opsplug.training.shoplog import read_shop_log
from tests.support.shop import Shop, fill_catalogue


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    fill_catalogue(shop)
    yield shop
    shop.close()


def bought(shop: Shop) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """(person, item) of all purchases, as recommendations and as insight read them."""
    log, lines = read_interactions(shop.store), read_shop_log(shop.store)
    rows = np.flatnonzero(log.baskets >= 0)
    seen = {(log.user_ids[log.users[row]], log.item_ids[log.items[row]]) for row in rows}
    rows = np.flatnonzero(lines.kinds == BUY)
    return seen, {(lines.visitor_ids[lines.visitors[row]], lines.item_ids[lines.items[row]]) for row in rows}


@pytest.mark.parametrize("taken_back", ["order_cancelled", "refund", ""])
def test_both_ways_of_reading_agree(shop: Shop, taken_back: str) -> None:
    shop.do("purchase", {"item_id": "tea01", "price": 3.0}, user="u", transaction_id="t1")
    shop.do("purchase", {"item_id": "tea02", "price": 3.0}, visitor="phone", transaction_id="t2")
    shop.do("view_item", "tea03", visitor="phone", user="u")
    if taken_back:
        shop.do(taken_back, user="u", transaction_id="t1")
    expected = {("u", "tea02")} if taken_back else {("u", "tea01"), ("u", "tea02")}
    assert bought(shop) == (expected, expected)
