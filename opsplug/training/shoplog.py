"""The store's orders, views and carts as arrays; and what was done in the newest weeks, visit by visit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from opsplug.events import VISITOR
from opsplug.features.cleaning import Cleaner
from opsplug.features.local_time import believable
from opsplug.features.shoplog import NAMES, LogBuilder, ShopLog
from opsplug.features.visits import NAMES as VISIT_NAMES
from opsplug.features.visits import Visits, VisitsBuilder
from opsplug.store import queries
from opsplug.training.reader import programs_in
from opsplug.units import DAY

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

BATCH: Final = 5000
MOST_VISIT_EVENTS: Final = 300_000  # of the newest weeks; older ones of a very busy shop would say the same


def read_shop_log(
    store: Store, *, until: float | None = None, progress: Callable[[int], object] | None = None
) -> ShopLog:
    """All events about items of real visitors up to `until` (epoch seconds), cleaned (docs/cleaning.md)."""
    builder = LogBuilder()
    cleaner = Cleaner({record["item_id"]: record for record in store.items()}, programs=programs_in(store))
    count = 0
    for batch in store.read_events(names=NAMES, audience=VISITOR, batch=BATCH):
        builder.add(cleaner.clean(event for _, event in batch))
        count += len(batch)
        if progress is not None:
            progress(count)
    return builder.log(until)


def newest_event(store: Store, now: float | None = None) -> float:
    """`now`, else the time of the newest event of any kind (a shop is visited before it sells), 0 for an empty log."""
    if now is not None:
        return now
    rows = store.rows(queries.NEWEST_EVENT, {})
    return float(rows[0][0] / 1000) if rows and believable(rows[0][0]) else 0.0


def read_visits(store: Store, *, now: float, days: float = 30.0) -> Visits:
    """The visits of the `days` before `now` (epoch seconds): pages, steps and searches, oldest first."""
    builder = VisitsBuilder()
    since, until = round((now - days * DAY) * 1000), round(now * 1000) + 1
    for batch in store.read_events(since_ms=since, until_ms=until, names=VISIT_NAMES, audience=VISITOR, batch=BATCH):
        builder.add(event for _, event in batch)
        if builder.events > MOST_VISIT_EVENTS:
            builder.forget_oldest(MOST_VISIT_EVENTS // 2)
    return builder.visits()
