"""The writer against a real store, and against one that fails on demand."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from opsplug.capture import durable
from opsplug.capture.counters import Counters
from opsplug.capture.durable import settle
from opsplug.capture.queue import EventQueue
from opsplug.capture.spool import Spool
from opsplug.capture.storing import Outage
from opsplug.capture.writer import Writer
from opsplug.errors import StoreError
from opsplug.events import Event
from opsplug.store import Store, open_store
from tests.contracts.store_contract import event, read


class Shop:
    """All parts of one process, with a switch that makes the store fail."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.store: Store = open_store(f"sqlite:///{folder}/opsplug.db")
        self.queue = EventQueue(capacity=50, durable_capacity=5)
        self.counters = Counters()
        self.spool = Spool(folder / "spool")
        self.failing = False
        options = {"convert": list, "interval": 0.02, "batch": 20, **options}
        self.writer = Writer(self._store, self.queue, self.spool, counters=self.counters, **options)

    def _store(self) -> Store:
        if self.failing:
            raise StoreError("store: unplugged")
        return self.store

    def ids(self) -> list[str]:
        return [one.event_id for one in read(self.store)]


@pytest.fixture
def shop(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Shop]:
    caplog.set_level(logging.CRITICAL + 1, "opsplug")
    shop = Shop(tmp_path)
    yield shop
    shop.failing = False
    shop.writer.stop()
    shop.store.close()


def soon(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def test_ordinary_events_are_stored_by_themselves(shop: Shop) -> None:
    shop.writer.start()
    for n in range(45):
        shop.queue.offer(event(n))
    soon(lambda: len(shop.ids()) == 45)
    assert shop.ids() == [f"e{n}" for n in range(45)]


def test_a_durable_event_is_confirmed_and_overtakes(shop: Shop) -> None:
    for n in range(45):
        shop.queue.offer(event(n))
    ticket = shop.queue.offer_durable(event(99, "purchase"))  # starts the thread, if nobody has
    assert ticket.wait(60)
    assert ticket.state == "stored"
    soon(lambda: len(shop.ids()) == 46)
    assert shop.ids()[0] == "e99"


def test_without_a_thread_durable_events_are_stored_at_once(shop: Shop) -> None:
    shop.writer.run_without_thread()
    assert shop.queue.offer_durable(event(1, "purchase")).state == "stored"
    shop.queue.offer(event(2))
    assert shop.writer.flush()
    assert shop.ids() == ["e1", "e2"]
    assert shop.writer._thread is None


def test_flush_and_stop_leave_nothing(shop: Shop) -> None:
    shop.writer.start()
    for n in range(50):
        shop.queue.offer(event(n))
    shop.counters.add("requests", 7)
    assert shop.writer.flush()
    assert len(shop.ids()) == 50
    assert shop.store.counts() == {"requests": 7}
    shop.queue.offer(event(60))
    shop.writer.stop()
    assert len(shop.ids()) == 51
    assert shop.queue.offer_durable(event(61)).wait(60)  # begins anew


def test_while_the_store_fails_purchases_are_spooled_and_page_views_wait(shop: Shop) -> None:
    shop.failing = True
    shop.writer.start()
    for n in range(60):
        shop.queue.offer(event(n))
    ticket = shop.queue.offer_durable(event(99, "purchase"))
    assert ticket.wait(60)
    assert ticket.state == "spooled"
    shop.failing = False
    soon(lambda: "e99" in shop.ids() and not shop.spool.waiting())
    assert shop.writer.flush()
    stored, counts = set(shop.ids()), shop.store.counts()
    assert len(stored) + counts["events_dropped"] == 61
    assert counts["events_spooled"] == 1
    soon(lambda: shop.writer.flush() and shop.store.counts().get("events_recovered") == 1)


def test_when_the_spool_fails_too_the_event_waits_in_memory(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.failing = True
    shop.spool.folder = Path("/proc/nowhere")
    monkeypatch.setattr(durable, "WAIT_SECONDS", 0.05)
    shop.writer.start()
    ticket = shop.queue.offer_durable(event(1, "purchase"))
    settle([ticket], shop.spool, shop.counters)
    assert ticket.state == "lost"
    assert shop.counters.get("events_lost") == 1
    shop.failing = False
    soon(lambda: shop.ids() == ["e1"])  # its answer had left, but it is stored all the same, and the count says so
    soon(lambda: shop.counters.get("events_lost") == 0)


def test_what_is_really_lost_is_counted_once(shop: Shop) -> None:
    shop.failing = True
    shop.spool.folder = Path("/proc/nowhere")
    for n in range(8):  # five fit into the queue
        shop.queue.offer_durable(event(n, "purchase"))
    for n in range(10, 13):
        shop.queue.offer(event(n))
    shop.writer.stop(timeout=0.1)
    assert shop.counters.get("events_lost") == 8
    assert shop.counters.get("events_dropped") == 3
    shop.failing = False
    assert shop.writer.flush()
    assert shop.store.counts()["events_lost"] == 8


def test_one_bad_event_takes_no_other_along(shop: Shop) -> None:
    for n in range(20):
        shop.queue.offer(event(n, route="\ud800" if n == 7 else None))
    good, bad = shop.queue.offer_durable(event(30)), shop.queue.offer_durable(event(31, route="\ud800"))
    assert good.wait(60)
    soon(lambda: bad.state == "lost")
    assert shop.writer.flush()
    assert sorted(shop.ids()) == sorted([f"e{n}" for n in range(20) if n != 7] + ["e30"])
    assert shop.counters.get("events_rejected") == 2
    assert shop.counters.get("events_lost") == 1


def test_one_record_that_cannot_be_converted_takes_no_other_along(tmp_path: Path) -> None:
    def convert(records: Sequence[Any]) -> list[Event]:
        return [event(10 // record) for record in records]

    shop = Shop(tmp_path, convert=convert)
    for record in (1, 0, 2):
        shop.queue.offer(record)
    assert shop.writer.flush()
    assert shop.ids() == ["e10", "e5"]
    assert shop.counters.get("events_rejected") == 1
    shop.store.close()


def test_what_other_processes_left_in_the_spool_is_stored(shop: Shop) -> None:
    shop.spool.append(event(1, "purchase"), event(2, "purchase"))
    shop.writer.start()
    soon(lambda: shop.ids() == ["e1", "e2"])
    soon(lambda: not shop.spool.waiting())


def test_a_forked_child_begins_with_nothing_and_its_own_thread(shop: Shop) -> None:
    shop.writer.start()
    assert shop.queue.offer_durable(event(0)).wait(60)
    shop.counters.add("requests", 5)
    with shop.writer._storing.turn:  # nothing leaves the parent's queue before the fork
        shop.queue.offer(event(1))
        child = os.fork()
        if child == 0:
            try:
                shop.counters.add("requests")
                fine = len(shop.queue) == 0 and shop.queue.offer_durable(event(2)).wait(60)
                shop.writer.stop()
                os._exit(0 if fine else 1)
            except BaseException:
                os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert shop.writer.flush()
    assert sorted(shop.ids()) == ["e0", "e1", "e2"]
    assert shop.store.counts()["requests"] == 6


def test_a_moment_of_another_process_is_no_fault_and_an_outage_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    now, counters = [0.0], Counters()
    outage = Outage(counters, lambda: now[0])
    for _ in range(5):
        outage.goes_on(StoreError("locked"))
    outage.is_over()
    assert not caplog.records
    assert counters.get("errors.store") == 0
    for _ in range(5):
        outage.goes_on(StoreError("locked"))
        now[0] += 1.0
    outage.is_over()
    outage.is_over()
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert counters.get("errors.store") == 3


def test_under_load_without_end_counters_are_saved_and_the_end_comes_at_once(shop: Shop) -> None:
    """More arrives than is stored: the writer is behind all the time, and still tells what it dropped."""
    over = threading.Event()

    def flood() -> None:
        n = 0
        while not over.is_set():
            n += 1
            shop.queue.offer(event(event_id=f"e{n}"))
            if n % 500 == 0:
                time.sleep(0.0005)

    source = threading.Thread(target=flood)
    shop.writer.start()
    source.start()
    try:
        soon(lambda: shop.store.counts().get("events_dropped"))
    finally:
        over.set()
        source.join()
    thread = shop.writer._thread
    shop.writer.stop(timeout=60)
    assert thread is not None and not thread.is_alive()
