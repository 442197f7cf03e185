"""Between requests and the writer: a bounded queue that never makes a request wait."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from opsplug.events import Event

PENDING, STORED, SPOOLED, LOST = "pending", "stored", "spooled", "lost"


class Ticket:
    """The receipt for one durable event; `wait` until the writer has confirmed it."""

    __slots__ = ("_done", "event", "state")

    def __init__(self, event: Event) -> None:
        self.event = event
        self.state = PENDING
        self._done = threading.Event()

    def settle(self, state: str) -> None:
        self.state = state
        self._done.set()

    def wait(self, timeout: float) -> bool:
        """Whether the event is safe, in the store or in the spool, within `timeout` seconds."""
        self._done.wait(timeout)
        return self.state in (STORED, SPOOLED)


class EventQueue:
    """Two bounded queues: what may be dropped under pressure, and what an answer waits for.

    `offer` takes no lock and wakes nobody: the writer looks every tenth of a second. `offer_durable` wakes it.
    """

    def __init__(self, capacity: int = 10_000, durable_capacity: int = 10_000) -> None:
        self.capacity = capacity
        self.durable_capacity = durable_capacity
        self.dropped = 0
        self.wake = threading.Event()
        # Called with each durable event where no thread runs (tests, scripts): it stores what waits at once.
        self.without_thread: Callable[[], object] | None = None
        self._ordinary: deque[Any] = deque()
        self._durable: deque[Ticket] = deque()

    def offer(self, record: Any) -> bool:
        """Take a record for the writer to convert and store; False when the queue is full and it was dropped."""
        if len(self._ordinary) >= self.capacity:
            self.dropped += 1
            return False
        self._ordinary.append(record)
        return True

    def offer_durable(self, event: Event) -> Ticket:
        """Take an event that must not be lost. When even this queue is full the ticket stays pending: spool it."""
        ticket = Ticket(event)
        if len(self._durable) < self.durable_capacity:
            self._durable.append(ticket)
            if self.without_thread is None:
                self.wake.set()
            else:
                self.without_thread()
        return ticket

    def take(self, most: int) -> list[Any]:
        """At most so many ordinary records, oldest first."""
        return _take(self._ordinary, most)

    def take_durable(self, most: int) -> list[Ticket]:
        return _take(self._durable, most)

    def __len__(self) -> int:
        return len(self._ordinary) + len(self._durable)

    def forget_after_fork(self) -> None:
        """What waited at the moment of a fork stays the parent's to store."""
        self._ordinary = deque()
        self._durable = deque()
        self.dropped = 0
        self.wake = threading.Event()


def _take(source: deque[Any], most: int) -> list[Any]:
    taken: list[Any] = []
    try:
        while len(taken) < most:
            taken.append(source.popleft())
    except IndexError:
        pass
    return taken
