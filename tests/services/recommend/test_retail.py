"""The same promises on the orders of a real shop: its own visitors, as they were on the last day."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from opsplug.events import MAX_ITEMS, make_event
from opsplug.features.items import catalogue
from opsplug.models.recommend.mix import Mix
from opsplug.training.reader import read_interactions
from tests.support.samples import IS_SOAK, IS_WHOLE_RETAIL, RETAIL_CUSTOMERS
from tests.support.shop import Shop

SOAK = IS_SOAK
VISITORS, EVERY = (1000, 1) if IS_WHOLE_RETAIL else (150, 25)  # of the customers: all, or each twenty-fifth


class Retail(Shop):
    """Orders and names of items; `bought` is what each customer's orders hold."""

    def fill(self) -> None:
        orders: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        times: dict[str, datetime] = {}
        names: dict[str, str] = {}
        self.bought: defaultdict[str, set[str]] = defaultdict(set)
        with gzip.open(RETAIL_CUSTOMERS, "rt", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                who = row["CustomerID"].partition(".")[0]
                mine = who and int(who) % EVERY == 0
                place = orders[who, row["InvoiceNo"]] if mine and not row["InvoiceNo"].startswith("C") else None
                if place is not None and len(place) < MAX_ITEMS and float(row["UnitPrice"]) > 0:
                    place[row["StockCode"]] = float(row["UnitPrice"])
                    times.setdefault(row["InvoiceNo"], datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=UTC))
                    names[row["StockCode"]] = row["Description"]
                    self.bought[who].add(row["StockCode"])
        self.now = max(times.values()).timestamp() + 3600
        self.catalog.upsert({"item_id": item, "item_name": name} for item, name in names.items())
        self.store.add_events(
            make_event(
                "purchase", event_id=f"order-{invoice}", now_ms=round(self.now * 1000), user_id=f"u{who}",
                timestamp_ms=round(times[invoice].timestamp() * 1000), properties={"transaction_id": invoice},
                items=[{"item_id": item, "price": price, "quantity": 1} for item, price in lines.items()],
            )
            for (who, invoice), lines in orders.items()
            if lines
        )  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retail]:
    shop = Retail(tmp_path_factory.mktemp("retail"))
    shop.fill()
    # Without the gate, which other tests are about and which takes most of the time.
    mix = Mix.fit(
        read_interactions(shop.store), catalogue(shop.store.items()), now=shop.now, budget_s=None if SOAK else 0
    )
    shop.artefacts.publish("recommendations", mix.export(), at=shop.now)
    yield shop
    shop.close()


def test_what_must_hold_for_every_customer(shop: Retail) -> None:
    rng = np.random.default_rng(3)
    known = list(shop.catalog.snapshot().records)
    for who in rng.permutation(sorted(shop.bought))[:VISITORS].tolist():
        page, cart = str(rng.choice(known)), {str(item) for item in rng.choice(known, 2)}
        k, repeats = int(rng.integers(1, 25)), bool(rng.random() < 0.3)
        question: dict[str, Any] = {"item_id": page, "placement": "item", "user_id": f"u{who}", "cart": cart, "k": k}
        shown = shop.ids(**question, repeats=repeats)
        assert len(shown) == len(set(shown)) == k
        assert not ({page} | cart) & set(shown)
        assert repeats or not shop.bought[who] & set(shown)
        assert set(shown) <= set(known)
        assert shown == shop.ids(**question, repeats=repeats)


def test_lists_of_different_customers_differ(shop: Retail) -> None:
    """Mean pairwise Jaccard of the first ten, customers with three purchases or more."""
    customers = sorted(who for who, items in shop.bought.items() if len(items) >= 3)[:80]
    lists = [set(shop.ids(user_id=f"u{who}", k=10)) for who in customers]
    overlap = float(np.mean([len(a & b) / len(a | b) for a, b in combinations(lists, 2)]))
    assert overlap <= 0.5
