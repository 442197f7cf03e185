"""Two bounded queues and the tickets of what must not be lost."""

import threading
import time

from opsplug.capture.counters import Counters
from opsplug.capture.queue import LOST, SPOOLED, STORED, EventQueue, Ticket
from tests.contracts.store_contract import event


def test_page_views_are_dropped_before_purchases() -> None:
    queue = EventQueue(capacity=3, durable_capacity=3)
    assert [queue.offer(n) for n in range(5)] == [True, True, True, False, False]
    ticket = queue.offer_durable(event(1, "purchase"))
    assert queue.take_durable(10) == [ticket]
    assert queue.take(10) == [0, 1, 2]
    assert queue.take_dropped() == 2
    assert queue.take_dropped() == 0


def test_a_full_durable_queue_hands_on_at_once() -> None:
    queue = EventQueue(durable_capacity=1)
    queue.overflow = lambda ticket: ticket.settle(SPOOLED)
    assert queue.offer_durable(event(1)).state == "pending"
    assert queue.offer_durable(event(2)).state == SPOOLED
    assert len(queue) == 1


def test_an_ordinary_record_wakes_nobody_and_a_durable_one_does() -> None:
    queue = EventQueue()
    queue.offer(event(1))
    assert not queue.wake.is_set()
    queue.offer_durable(event(2))
    assert queue.wake.is_set()


def test_what_was_put_back_comes_first() -> None:
    queue = EventQueue()
    tickets = [queue.offer_durable(event(n)) for n in range(4)]
    taken = queue.take_durable(2)
    queue.put_back(taken)
    assert queue.take_durable(10) == tickets


def test_whoever_settles_first_decides() -> None:
    ticket = Ticket(event(1))
    assert not ticket.wait(0.01)
    assert ticket.settle(LOST)
    assert not ticket.settle(STORED)
    assert ticket.state == LOST
    assert not ticket.wait(5)


def test_waiting_ends_with_the_confirmation() -> None:
    ticket = Ticket(event(1))
    threading.Timer(0.05, ticket.settle, (STORED,)).start()
    start = time.monotonic()
    assert ticket.wait(60)
    assert time.monotonic() - start < 60


def test_counters_are_exact_among_threads() -> None:
    counters = Counters()

    def work() -> None:
        for _ in range(50_000):
            counters.add("requests")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    saved = 0
    while any(thread.is_alive() for thread in threads):
        changes = counters.unsaved()
        counters.saved(changes)
        saved += changes.get("requests", 0)
    saved += counters.unsaved().get("requests", 0)
    assert counters.get("requests") == saved == 200_000
