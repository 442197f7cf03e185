"""A shop whose future is known: half of the buyers come every ten days, the others once and never again."""

from __future__ import annotations

from opsplug.capture.counters import Counters
from opsplug.engine.jobs import train
from opsplug.events import Event, Item
from opsplug.privacy.keys import Keys
from opsplug.services.catalog import Catalog
from opsplug.services.insight.visitors import VisitorInsight
from opsplug.store import open_store
from opsplug.training.run.artefacts import Artefacts

DAY = 86400.0
NOW = 1_790_000_000.0
DAYS = 200


class InsightShop:
    def __init__(self, folder):
        self.store = open_store(f"sqlite:///{folder}/shop.db")
        self.artefacts = Artefacts(folder / "models", b"k" * 32)
        self.catalog = Catalog(self.store)
        self.keys = Keys(b"s" * 32)
        self.now = NOW
        self.people = VisitorInsight(
            lambda: self.store, lambda: self.artefacts, lambda: self.catalog, lambda: self.keys, Counters(),
            clock=lambda: self.now,
        )  # fmt: skip

    def user(self, name):
        return self.keys.pseudonym(name)

    def train(self, *names):
        return train(self.store, self.artefacts, list(names), NOW, clock=lambda: self.now)

    def fill(self, buyers=160):
        self.catalog.upsert(
            {"item_id": item, "item_name": f"{kind} {item}", "item_category": kind, "price": 4.0 + n, **stock}
            for n, (item, kind, stock) in enumerate(
                [("tea1", "Tea", {"stock": 40}), ("tea2", "Tea", {}), ("toy1", "Toys", {"inventory": 100000})]
            )
        )
        events = []
        for n in range(buyers):
            name = f"{'often' if n % 2 else 'once'}{n}"
            start = NOW - DAYS * DAY + n * DAY * (DAYS - 20) / buyers
            times = [start + 10 * DAY * k for k in range(1 + int((NOW - start) // (10 * DAY)))] if n % 2 else [start]
            events += [self.order(name, at, ("tea1", "tea2", "toy1")[(n + k) % 3]) for k, at in enumerate(times)]
        self.store.add_events(events)

    def order(self, name, at, item):
        stamp = round(at * 1000)
        return Event(
            event_id=f"{name}{stamp}", event="purchase", timestamp=stamp, received_at=stamp, user_id=self.user(name),
            items=[Item(item_id=item, price=5.0, quantity=2)],
            properties={"transaction_id": f"{name}{stamp}", "currency": "EUR"},
        )  # fmt: skip

    def look(self, number, at):
        stamp = round(at * 1000)
        return Event(event_id=f"look{number}", event="page_view", timestamp=stamp, received_at=stamp, route="/")
