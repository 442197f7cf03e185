"""Between requests and the writer: two bounded queues that never make a request wait."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from opsplug.errors import QueueFullError
from opsplug.events import Event

PENDING: Final = "pending"
STORED: Final = "stored"
SPOOLED: Final = "spooled"
LOST: Final = "lost"


class Ticket:
    """The receipt for one durable event: `pending` until it is `stored`, `spooled` or `lost`."""

    __slots__ = ("_done", "event", "state")
    _settling = threading.Lock()

    def __init__(self, event: Event) -> None:
        self.event = event
        self.state = PENDING
        self._done = threading.Event()

    def settle(self, state: str) -> bool:
        """Whoever settles first decides. -> whether that was this call."""
        with Ticket._settling:
            if self.state != PENDING:
                return False
            self.state = state
        self._done.set()
        return True

    @property
    def safe(self) -> bool:
        return self.state in (STORED, SPOOLED)

    def wait(self, timeout: float) -> bool:
        """Whether the event is safe on disk within `timeout` seconds."""
        self._done.wait(timeout)
        return self.safe


class EventQueue:
    """What may be dropped under pressure, and apart from it what an answer waits for.

    `offer` takes no lock and wakes nobody: the writer looks by itself. `offer_durable` wakes it.
    """

    def __init__(self, capacity: int = 10_000, durable_capacity: int = 10_000) -> None:
        self.capacity = capacity
        self.durable_capacity = durable_capacity
        self.dropped = 0
        self.wake = threading.Event()
        self.room = threading.Event()  # something was taken out
        # Set by the writer. `overflow` takes a ticket that the full queue cannot; `at_once` stores what waits, where
        # no thread does (tests, scripts). `begin`, while no thread runs that should, starts it.
        self.overflow: Callable[[Ticket], object] | None = None
        self.at_once: Callable[[], object] | None = None
        self.begin: Callable[[], object] | None = None
        self._ordinary: deque[Any] = deque()
        self._durable: deque[Ticket] = deque()

    def offer(self, record: Any) -> bool:
        """Take a record for the writer to convert and store; False: the queue is full and the record was dropped."""
        if len(self._ordinary) >= self.capacity:
            self.dropped += 1
            return False
        self._ordinary.append(record)
        return True

    def offer_patiently(self, record: Any, seconds: float) -> None:
        """As `offer`, waiting for room; `QueueFullError` after so many seconds without."""
        deadline = time.monotonic() + seconds
        while len(self._ordinary) >= self.capacity:
            if self.begin is not None:
                self.begin()
            if self.at_once is not None:  # no thread takes anything out: this one does
                self.at_once()
                if len(self._ordinary) < self.capacity:
                    break
            left = deadline - time.monotonic()
            if left <= 0:
                self.dropped += 1
                raise QueueFullError(
                    f"track: the store took nothing in {seconds:g} s while {self.capacity} events wait"
                )
            self.room.clear()
            self.wake.set()
            self.room.wait(min(left, 0.05))
        self._ordinary.append(record)

    def offer_durable(self, event: Event) -> Ticket:
        """Take an event that must not be lost. Past the queue's bound it goes to the spool before this returns."""
        ticket = Ticket(event)
        if len(self._durable) >= self.durable_capacity and self.overflow is not None:
            self.overflow(ticket)
            return ticket
        self._durable.append(ticket)
        if self.at_once is None:
            self.wake.set()
        else:
            self.at_once()
        return ticket

    def take(self, most: int) -> list[Any]:
        """At most so many ordinary records, oldest first."""
        taken = _take(self._ordinary, most)
        self.room.set()
        return taken

    def take_durable(self, most: int) -> list[Ticket]:
        return _take(self._durable, most)

    def put_back(self, tickets: Sequence[Ticket]) -> None:
        """Neither store nor spool would have these yet: first in line for the next try."""
        self._durable.extendleft(reversed(tickets))

    def take_dropped(self) -> int:
        """How many were dropped since the last call."""
        dropped = self.dropped
        self.dropped -= dropped
        return dropped

    def __len__(self) -> int:
        return len(self._ordinary) + len(self._durable)

    def forget(self) -> None:
        """In a forked child: what waited at the fork is the parent's to store."""
        self._ordinary = deque()
        self._durable = deque()
        self.dropped = 0
        self.wake = threading.Event()
        self.room = threading.Event()


def _take(source: deque[Any], most: int) -> list[Any]:
    taken: list[Any] = []
    try:
        while len(taken) < most:
            taken.append(source.popleft())
    except IndexError:  # an empty deque: asking for its length first would race
        pass
    return taken
