"""The one writer of a process: a daemon thread that stores what the queue holds, batch by batch."""

import atexit
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from weakref import WeakSet

from opsplug.capture.converting import convert_all
from opsplug.capture.counters import Counters
from opsplug.capture.durable import conclude, into_spool
from opsplug.capture.outage import Outage
from opsplug.capture.queue import LOST, STORED, EventQueue, Ticket
from opsplug.capture.spool import Spool
from opsplug.errors import EventError, StoreError
from opsplug.events import Event
from opsplug.store import fork
from opsplug.store.events import names_who_refuses
from opsplug.store.protocol import Store

log = logging.getLogger("opsplug")

PATIENCE: Final = 0.1  # seconds a batch waits for another process' transaction: an answer may depend on the next one
LONGEST_PAUSE: Final = 2.0  # seconds between two tries while the store fails
SAVE_COUNTS_EVERY: Final = 2.0
DRAIN_EVERY: Final = 5.0


class Writer:
    """Durable events are committed at once, ordinary ones within `interval` seconds.

    While the store fails, durable events go to the spool and ordinary ones wait in the queue; its bound decides what
    is dropped. `store` is a callable, so that nothing is opened before there is something to write. The thread starts
    again in a forked child; `stop` and the end of the process store what is left.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        queue: EventQueue,
        spool: Spool,
        *,
        convert: Callable[[Sequence[Any]], list[Event]],
        counters: Counters,
        interval: float = 0.1,
        batch: int = 2000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._queue = queue
        self._spool = spool
        self._convert = convert
        self._counters = counters
        self._interval = interval
        self._batch = batch
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._turn = threading.Lock()
        self._held: list[Event] = []  # converted and not stored yet
        self._outage = Outage(self._counters, self._clock)
        self._stuck = False  # not even the spool takes what must not be lost
        self._next_try = self._next_save = self._next_drain = float("-inf")
        queue.overflow = self._overflow
        queue.at_once = queue.begin = self._begin
        self.withdrawn: Callable[[], object] = lambda: None  # called when a visitor's refusal has been stored
        fork.watch(self, uses_others=True)
        _writers.add(self)

    # -- life -----------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Start the thread of this process; harmless when it runs already."""
        if self._thread is None or not self._thread.is_alive():
            self._stopping = False
            self._queue.at_once = self._queue.begin = None
            self._thread = threading.Thread(target=self._run, name="opsplug-writer", daemon=True)
            self._thread.start()

    def _begin(self) -> None:
        """An event has come before the thread was started, as in a script."""
        try:
            self.start()
            self._queue.wake.set()
        except RuntimeError:  # the interpreter is going down and starts no threads
            self._write_all()

    def run_without_thread(self) -> None:
        """Store durable events in the thread that reports them: for tests and scripts."""
        self._queue.at_once = self._write_all
        self._queue.begin = None

    def flush(self, timeout: float = 5.0) -> bool:
        """Store all that waits, counters too. -> False: the store would not have it in time."""
        deadline = self._clock() + timeout
        while True:
            self._next_try = float("-inf")
            goes_on = self._write_some()
            if not self._queue and not self._held and self._save_counts():
                return True
            if self._clock() >= deadline:
                return False
            if not goes_on:
                time.sleep(0.02)

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread and store what is left; what the store and the spool will not have is counted and gone."""
        self._stopping = True
        self._queue.wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        self._thread = None
        self._queue.at_once = self._queue.begin = self._begin
        if not self.flush(min(timeout, 2.0)):
            self._give_up()

    def _give_up(self) -> None:
        with self._turn:
            while tickets := self._queue.take_durable(self._batch):  # more than fit, where some were put back
                for ticket in tickets:
                    conclude(ticket, LOST, self._counters)
            dropped = len(self._held) + len(self._queue.take(self._queue.capacity))
            if dropped:
                log.error("opsplug: the store could not be written to the end: %d events are dropped", dropped)
            self._counters.add("events_dropped", dropped)
            self._held = []
        self._save_counts()

    def _run(self) -> None:
        goes_on = False
        while not self._stopping:
            if not goes_on:
                self._queue.wake.wait(self._interval)
                self._queue.wake.clear()
            try:
                goes_on = self._write_some()
                self._upkeep()
            except Exception as error:  # a thread that dies would take everything after it along
                goes_on = False
                self._counters.add("errors.writer")
                log.error("opsplug: the writer failed and goes on", exc_info=error)

    # -- writing --------------------------------------------------------------------------------------------------
    def _write_all(self) -> None:
        while self._write_some():
            pass

    def _write_some(self) -> bool:
        """The durable events, then a batch of ordinary ones. -> whether more waits and the store takes it."""
        with self._turn:
            tickets = self._queue.take_durable(self._batch)
            taken = not tickets or self._write_durable(tickets)
            if taken:
                if not self._held:
                    self._held = convert_all(self._convert, self._queue.take(self._batch), self._reject)
                taken = not self._held or self._write_ordinary()
            self._counters.add("events_dropped", self._queue.take_dropped())
            return taken and bool(self._queue)

    def _write_durable(self, tickets: list[Ticket]) -> bool:
        """-> False when neither store nor spool would have them; they stay in the queue."""
        if self._clock() < self._next_try:
            return self._to_spool(tickets)
        try:
            unfit = {id(event) for event in self._add([ticket.event for ticket in tickets], durable=True)}
        except StoreError as error:
            self._failed(error)
            return self._to_spool(tickets)
        for ticket in tickets:
            conclude(ticket, LOST if id(ticket.event) in unfit else STORED, self._counters)
        return True

    def _to_spool(self, tickets: list[Ticket]) -> bool:
        try:
            into_spool(tickets, self._spool, self._counters)
        except StoreError as error:
            if not self._stuck:  # said once: this is tried ten times a second
                log.error("opsplug: %d events that must not be lost wait in memory: %s", len(tickets), error)
            self._stuck = True
            self._queue.put_back(tickets)
            return False
        self._stuck = False
        self._next_drain = float("-inf")
        return True

    def _overflow(self, ticket: Ticket) -> None:
        """The queue of durable events is full: straight to the spool, in the thread that brings it."""
        try:
            into_spool([ticket], self._spool, self._counters)
        except StoreError as error:
            conclude(ticket, LOST, self._counters, str(error))

    def _write_ordinary(self) -> bool:
        """-> False when the store would not have them; they are held and tried again."""
        if self._clock() < self._next_try:
            return False
        try:
            self._add(self._held)
        except StoreError as error:
            self._failed(error)
            return False
        self._held = []
        return True

    def _add(self, events: Sequence[Event], *, durable: bool = False) -> list[Event]:
        """-> those that no database could hold; they are found by halves, and the others stored."""
        try:
            self._store().add_events(events, durable=durable, timeout=PATIENCE)
        except EventError as error:
            if len(events) > 1:
                middle = len(events) // 2
                return self._add(events[:middle], durable=durable) + self._add(events[middle:], durable=durable)
            self._reject(error)
            return list(events)
        self._outage.is_over()
        if durable and any(map(names_who_refuses, events)):
            self.withdrawn()
        return []

    def _failed(self, error: Exception) -> None:
        self._outage.goes_on(error)
        # While it may be another process' turn, soon again; once it is an outage, ever later.
        self._next_try = self._clock() + min(LONGEST_PAUSE, self._interval * 2.0 ** min(self._outage.tries, 10))

    def _reject(self, error: Exception) -> None:
        self._counters.add("events_rejected")
        log.warning("opsplug: an event cannot be stored", exc_info=error)

    # -- upkeep ---------------------------------------------------------------------------------------------------
    def _upkeep(self) -> None:
        now = self._clock()
        if now < self._next_try:
            return
        if now >= self._next_save:
            self._next_save = now + SAVE_COUNTS_EVERY
            self._save_counts()
        if now >= self._next_drain:
            self._next_drain = now + DRAIN_EVERY
            self._drain_spool()

    def _save_counts(self) -> bool:
        with self._turn:  # else two threads would save the same
            counts = self._counters.unsaved()
            try:
                if counts:
                    self._store().add_counts(counts, timeout=PATIENCE)
                    self._counters.saved(counts)
            except StoreError as error:
                self._failed(error)
                return False
            return True

    def _drain_spool(self) -> None:
        try:
            drained = self._spool.drain(lambda events: self._add(events, durable=True))
        except (StoreError, OSError) as error:
            self._failed(error)
        else:
            self._counters.add("events_recovered", drained)

    # -- forks ----------------------------------------------------------------------------------------------------
    def before_fork(self) -> None:
        """The thread may go on: the store closes its connections by itself."""

    def after_fork_in_parent(self) -> None:
        """Nothing has changed here."""

    def after_fork_in_child(self) -> None:
        running = self._thread is not None and not self._stopping
        self._thread = None
        self._turn = threading.Lock()
        self._held = []
        self._outage = Outage(self._counters, self._clock)
        self._next_try = self._next_save = self._next_drain = float("-inf")
        self._queue.forget()
        self._counters.reset()
        if running:
            self.start()


_writers: "WeakSet[Writer]" = WeakSet()


def _stop_at_exit() -> None:
    for writer in list(_writers):
        if writer._thread is not None or writer._queue:
            writer.stop()
        writer._queue.at_once = writer._queue.begin = writer._write_all  # what other handlers of the exit still report


atexit.register(_stop_at_exit)
