"""A small shop on a real store, for tests: two tastes, so that the right answer is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from opsplug.capture.counters import Counters
from opsplug.capture.ids import new_id
from opsplug.engine.jobs import train
from opsplug.events import Event, make_event
from opsplug.services.catalog import Catalog
from opsplug.services.recommend.recommender import Recommender
from opsplug.store import open_store
from opsplug.training.run.artefacts import Artefacts
from opsplug.training.run.job import TrainingReport

KEY = b"k" * 32
NOW = 1_790_000_000.0  # epoch seconds
DAY = 86_400.0
TEA = [f"tea{n:02d}" for n in range(12)]
TOYS = [f"toy{n:02d}" for n in range(12)]


class Shop:
    """Store, catalogue, artefacts and recommender of one worker; `worker()` is another one on the same files."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.settings = settings
        self.store = open_store(f"sqlite:///{folder}/shop.db")
        self.counters = Counters()
        self.catalog = Catalog(self.store)
        self.artefacts = Artefacts(folder / "models", KEY)
        self.now = NOW
        self.recommender = Recommender(
            self.store,
            self.artefacts,
            self.catalog,
            counters=self.counters,
            clock=lambda: self.now,
            history_timeout=5.0,
            **settings,
        )
        self._count = 0
        self._run = new_id()

    def worker(self) -> Shop:
        other = Shop(self.folder, **self.settings)
        other.now = self.now
        return other

    def do(
        self,
        name: str,
        *items: str | dict[str, Any],
        visitor: str | None = None,
        user: str | None = None,
        at: float | None = None,
        **properties: Any,
    ) -> None:
        """Store one event that happened `at` (default: a second later than the last one)."""
        self.store.add_events([self.event(name, *items, visitor=visitor, user=user, at=at, **properties)])

    def event(
        self,
        name: str,
        *items: str | dict[str, Any],
        visitor: str | None = None,
        user: str | None = None,
        at: float | None = None,
        **properties: Any,
    ) -> Event:
        self._count += 1
        moment = self.now - 3600 + self._count * 0.01 if at is None else at
        listed = [{"item_id": item} if isinstance(item, str) else item for item in items]
        return make_event(
            name, event_id=f"{self._run}{self._count}", now_ms=round(self.now * 1000), items=listed,
            timestamp_ms=round(moment * 1000), properties=properties, anonymous_id=visitor, user_id=user,
        )  # fmt: skip

    def ids(self, **question: Any) -> list[str]:
        return [item.item_id for item in self.recommender.recommend(**question).items]

    def train(self) -> TrainingReport:
        reports = train(self.store, self.artefacts, clock=lambda: self.now)
        return next(report for report in reports if report.name == "recommendations")

    def close(self) -> None:
        self.store.close()


def fill_catalogue(shop: Shop, items: Iterable[str] = (*TEA, *TOYS), **fields: Any) -> None:
    shop.catalog.upsert(
        {
            "item_id": item,
            "item_name": f"{'Green tea pot' if item in TEA else 'Wooden toy car'} {item}",
            "item_category": "Kitchen" if item in TEA else "Toys",
            "price": 10 + number,
            **fields,
        }
        for number, item in enumerate(items)
    )


def two_tastes(visitors: int = 80, each: int = 6) -> list[tuple[str, Sequence[str]]]:
    """(visitor, items in order): even visitors like tea, odd ones toys, each walking through a part of the range."""
    return [(f"v{n}", [(TEA, TOYS)[n % 2][(n // 2 + step) % 12] for step in range(each)]) for n in range(visitors)]


def fill_events(shop: Shop, visitors: int = 80) -> None:
    events = []
    for number, (visitor, items) in enumerate(two_tastes(visitors)):
        start = NOW - 20 * DAY + number * 6 * 3600
        events += [shop.event("view_item", item, visitor=visitor, at=start + step) for step, item in enumerate(items)]
    shop.store.add_events(events)
