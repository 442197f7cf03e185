"""The shop's past orders: real ones of 2010 and 2011, moved by whole weeks so that they end yesterday.

Whole weeks keep Mondays Mondays. Orders that would lie after yesterday are left out. The number of weeks is written
down in the shop's folder, so that a later start finds the same dates and adds only the days that have passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opsplug.demo.catalogue import DATA, Catalogue, read_lines
from opsplug.demo.orders import Line, Order
from opsplug.demo.shop import purchase

if TYPE_CHECKING:
    from opsplug import Engine

NEWEST_DAY = date(2011, 12, 9)
BATCH = 250  # orders on their way to the writer at one time


def weeks_until(yesterday: date) -> int:
    """The fewest whole weeks that bring the newest order to `yesterday` or past it."""
    return -(-(yesterday - NEWEST_DAY).days // 7)


@dataclass(frozen=True)
class History:
    """Past orders as they look from `today`: all before it, each moved by `weeks`."""

    weeks: int
    today: date

    @classmethod
    def open(cls, folder: Path, today: date | None = None) -> History:
        """With the number of weeks that the folder remembers; the first time it is worked out and written down."""
        today = today or datetime.now(UTC).date()
        note = folder / "history-weeks.txt"
        if not note.exists():
            note.write_text(str(weeks_until(today - timedelta(days=1))), encoding="ascii")
        return cls(int(note.read_text(encoding="ascii")), today)

    @cached_property
    def _prices(self) -> dict[str, float]:
        return {item.item_id: item.price for item in Catalogue.load().items}

    def orders(self, customers: set[str] | None = None) -> Iterator[Order]:
        """Oldest first; of some customers only, where they are named."""
        for record in read_lines(DATA / "orders.jsonl.gz"):
            if customers is not None and record["customer"] not in customers:
                continue
            at = datetime.fromisoformat(record["at"]).replace(tzinfo=UTC) + timedelta(weeks=self.weeks)
            if at.date() < self.today:
                yield self._order(record, at)

    def _order(self, record: dict[str, Any], at: datetime) -> Order:
        lines = tuple(Line(code, quantity, self._prices[code]) for code, quantity in record["lines"].items())
        return Order(record["order"], at, record["customer"], lines)


def import_orders(engine: Engine, orders: Sequence[Order], progress: Callable[[int], None]) -> None:
    """Tells opsplug of each order as a purchase; `progress` hears how many were told. Repeats change nothing."""
    for count, order in enumerate(orders, 1):
        engine.track("purchase", user_id=order.customer, timestamp=order.at, **purchase(order))
        if count % BATCH == 0 or count == len(orders):
            engine.flush(timeout=60.0)
            progress(count)
