"""What storing an event costs: CPU time and disk, beside a bare `executemany` of ready rows into the same schema.

    python benchmarks/writer.py [events]

The mix is a shop's: page views with their context, product views, impressions of a widget, carts, purchases.
"""

import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opsplug.capture.counters import Counters
from opsplug.capture.ids import new_id, new_page_view_id
from opsplug.capture.queue import EventQueue
from opsplug.capture.spool import Spool
from opsplug.capture.writer import Writer
from opsplug.events import Event, Item
from opsplug.store import queries
from opsplug.store.connections import Connections
from opsplug.store.events import rows_of
from opsplug.store.sqlite import SqliteStore

ROUNDS = 5
BATCH = 2000
START_MS = 1_760_000_000_000


def mix(count: int, seed: int = 0) -> list[Event]:
    """Events of 300 visitors at a time, each with twelve on average, in the order of receipt."""
    chance = random.Random(seed)
    here = [(new_id(), new_id()) for _ in range(300)]  # who is in the shop at one time
    events = []
    for n in range(count):
        place = chance.randrange(len(here))
        anonymous, session = here[place]
        if chance.random() < 1 / 12:
            here[place] = (new_id(), new_id())
        view = new_page_view_id((START_MS + n * 40) / 1000)
        kind = chance.random()
        one = Item(item_id=f"sku{chance.randrange(4000)}", price=9.99, quantity=1)
        name, items, properties = "page_view", [], {"duration_ms": 12.3, "device": "mobile", "locale": "en-GB"}
        if kind > 0.985:
            name, items, properties = (
                "purchase",
                [one, one],
                {"transaction_id": f"T{n}", "value": 19.98, "currency": "EUR"},
            )
        elif kind > 0.94:
            name, items, properties = "add_to_cart", [one], {"value": 9.99, "currency": "EUR"}
        elif kind > 0.88:
            shown = [Item(item_id=f"sku{k}", index=k, recommendation_id=view) for k in range(4)]
            name, items, properties = (
                "view_item_list",
                shown,
                {"item_list_id": "opsplug:item", "recommendation_id": view},
            )
        elif kind > 0.5:
            name, items, properties = "view_item", [Item(item_id=one.item_id)], {}
        events.append(
            Event(
                event_id=view if name == "page_view" else new_id(),
                event=name,
                timestamp=START_MS + n * 40,
                received_at=START_MS + n * 40,
                anonymous_id=anonymous,
                session_id=session,
                page_view_id=view,
                route="/product/<id>" if name == "view_item" else "/category/<slug>",
                items=items,
                properties=properties,
            )
        )
    return events


def batches(things: Sequence[Any]) -> list[Sequence[Any]]:
    return [things[start : start + BATCH] for start in range(0, len(things), BATCH)]


def bare(events: Sequence[Event], folder: Path) -> float:
    """CPU seconds of `executemany` alone: the rows are made beforehand."""
    db = Connections(folder / "bare.db")
    rows = batches(rows_of(events))
    db.prepare()
    db.close()
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for pragma in ("synchronous = NORMAL", "cache_size = -8000", "wal_autocheckpoint = 4000"):  # as the store sets them
        connection.execute(f"PRAGMA {pragma}")
    start = time.process_time()
    for batch in rows:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(queries.ADD_EVENT, batch)
        connection.execute("COMMIT")
    spent = time.process_time() - start
    connection.close()
    return spent


def through_store(events: Sequence[Event], folder: Path) -> float:
    """CPU seconds of `Store.add_events`."""
    store = SqliteStore(folder / "store.db")
    store.migrate()
    start = time.process_time()
    for batch in batches(events):
        store.add_events(batch)
    spent = time.process_time() - start
    store.close()
    return spent


def through_writer(events: Sequence[Event], folder: Path) -> float:
    """CPU seconds of queue, writer's thread and store, as in a shop's process."""
    store = SqliteStore(folder / "writer.db")
    store.migrate()
    queue = EventQueue(capacity=len(events))
    writer = Writer(lambda: store, queue, Spool(folder / "spool"), convert=list, counters=Counters(), batch=BATCH)
    start = time.process_time()
    for event in events:
        queue.offer(event)
    writer.start()
    while not writer.flush():
        continue
    spent = time.process_time() - start
    writer.stop()
    stored = store.last_id()
    store.close()
    if stored != len(events):
        raise SystemExit(f"{stored} of {len(events)} events were stored")
    return spent


def bytes_per_event(events: Sequence[Event], folder: Path) -> float:
    store = SqliteStore(folder / "size.db")
    empty = _checkpointed(store, [])
    return (_checkpointed(store, events) - empty) / len(events)


def _checkpointed(store: SqliteStore, events: Sequence[Event]) -> int:
    store.migrate()
    for batch in batches(events):
        store.add_events(batch)
    store.close()  # moves the log into the file
    return store.size_bytes()


def durable_commits(folder: Path, count: int = 200) -> tuple[float, float]:
    """Median and 99th percentile, in milliseconds, of one purchase until its ticket says stored."""
    store = SqliteStore(folder / "durable.db")
    queue = EventQueue()
    writer = Writer(lambda: store, queue, Spool(folder / "spool"), convert=list, counters=Counters())
    writer.start()
    took = []
    for event in mix(count, seed=1):
        start = time.perf_counter()
        if not queue.offer_durable(event).wait(5.0):
            raise SystemExit("a durable event was not stored")
        took.append((time.perf_counter() - start) * 1000)
    writer.stop()
    store.close()
    return statistics.median(took), statistics.quantiles(took, n=100)[98]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    events = mix(count)
    ways = {"bare executemany": bare, "Store.add_events": through_store, "queue, writer, store": through_writer}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                spent[name].append(way(events, Path(folder)))
    floor = statistics.median(spent["bare executemany"])
    print(f"{count:,} events, batches of {BATCH:,}, {ROUNDS} rounds in turn, SQLite {sqlite3.sqlite_version}\n")
    print(f"| {'way':<22} | us CPU an event | events per CPU second | of bare executemany |")
    print("|---|---|---|---|")
    for name, seconds in spent.items():
        median = statistics.median(seconds)
        print(f"| {name:<22} | {median / count * 1e6:.2f} | {count / median:,.0f} | {floor / median:.2f} |")
    with tempfile.TemporaryDirectory() as folder:
        print(f"\nbytes an event, indexes included: {bytes_per_event(events, Path(folder)):.0f}")
        median, worst = durable_commits(Path(folder))
        print(f"a purchase until it is on the disk: median {median:.1f} ms, p99 {worst:.1f} ms (this disk's fsync)")


if __name__ == "__main__":
    main()
