"""The one writer of a process: a daemon thread that stores what the queue holds, batch by batch."""

import atexit
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from opsplug.capture.counters import Counters
from opsplug.capture.queue import LOST, SPOOLED, STORED, EventQueue, Ticket
from opsplug.capture.spool import Spool
from opsplug.errors import OpsPlugError
from opsplug.events import Event
from opsplug.store.protocol import Store

log = logging.getLogger("opsplug")

KEEP_TRYING = 30.0  # seconds that ordinary events are kept while the store fails; then they are dropped and counted
COUNT_EVERY = 2.0  # seconds between two hand-overs of the counters
SPOOL_EVERY = 5.0  # seconds between two looks into the spool
_writers: weakref.WeakSet["Writer"] = weakref.WeakSet()


class Writer:
    """Started per process and again after a fork; `stop` stores what is left.

    Durable events are committed first and each round at once; ordinary ones wait at most `interval` seconds.
    `store` is a callable, so that nothing is opened before there is something to write.
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
        self._round = threading.Lock()
        self._held: list[Event] = []  # converted, but the store would not have them yet
        self._failing_since: float | None = None
        self._counted_at = self._spooled_at = -1e9
        _writers.add(self)

    def start(self) -> None:
        """Start the thread of this process; harmless when it runs already."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stopping = False
        self._queue.without_thread = None
        self._thread = threading.Thread(target=self._run, name="opsplug-writer", daemon=True)
        self._thread.start()

    def run_without_thread(self) -> None:
        """Store durable events in the thread that reports them: for tests and scripts."""
        self._queue.without_thread = self._once

    def flush(self, timeout: float = 5.0) -> bool:
        """Store all that waits. -> False when something could not be stored in time."""
        deadline = self._clock() + timeout
        while True:
            self._once()
            if not self._queue and not self._held:
                self._hand_over_counts()
                return True
            if self._clock() >= deadline:
                return False
            time.sleep(0.02)

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread and store what is left; what the store will not have goes to the spool if it is durable."""
        self._stopping = True
        self._queue.wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        self._thread = None
        if not self.flush(min(timeout, 2.0)) and self._held:
            self._drop(len(self._held))
            self._held = []

    def _run(self) -> None:
        while not self._stopping:
            self._queue.wake.wait(self._interval)
            self._queue.wake.clear()
            try:
                self._once()
                now = self._clock()
                if now - self._counted_at >= COUNT_EVERY:
                    self._counted_at = now
                    self._hand_over_counts()
                if now - self._spooled_at >= SPOOL_EVERY and self._failing_since is None:
                    self._spooled_at = now
                    self._drain_spool()
            except Exception as error:  # a thread that dies silently would lose everything after it
                self._counters.add("errors.writer")
                log.error("opsplug: the writer failed and goes on", exc_info=error)

    def _once(self) -> None:
        """One round: durable events first, then a batch of ordinary ones."""
        with self._round:
            while tickets := self._queue.take_durable(self._batch):
                self._write_durable(tickets)
            if not self._held:
                self._held = self._convert(self._queue.take(self._batch))
            while self._held and self._write_ordinary():
                self._held = self._convert(self._queue.take(self._batch))
            if self._queue.dropped:
                dropped, self._queue.dropped = self._queue.dropped, 0
                self._counters.add("events_dropped", dropped)

    def _write_durable(self, tickets: list[Ticket]) -> None:
        events = [ticket.event for ticket in tickets]
        try:
            self._store().add_events(events, durable=True)
        except OpsPlugError as error:
            self._failed(error)
            for ticket in tickets:
                ticket.settle(self._spooled(ticket.event))
            return
        self._failing_since = None
        for ticket in tickets:
            ticket.settle(STORED)

    def _spooled(self, event: Event) -> str:
        try:
            self._spool.append(event)
        except OSError as error:
            self._counters.add("events_lost")
            log.critical("opsplug: %s %s is lost: %s", event.event, event.event_id, error)
            return LOST
        self._counters.add("events_spooled")
        return SPOOLED

    def _write_ordinary(self) -> bool:
        try:
            self._store().add_events(self._held)
        except OpsPlugError as error:
            since = self._failed(error)
            if self._clock() - since > KEEP_TRYING:
                self._drop(len(self._held))
                self._held = []
            return False
        self._failing_since = None
        return True

    def _failed(self, error: OpsPlugError) -> float:
        if self._failing_since is None:
            self._failing_since = self._clock()
            log.error("opsplug: the store cannot be written; trying again: %s", error)
        self._counters.add("errors.store")
        return self._failing_since

    def _drop(self, count: int) -> None:
        self._counters.add("events_dropped", count)

    def _hand_over_counts(self) -> None:
        counts = self._counters.take()
        if counts:
            try:
                self._store().add_counts(counts)
            except OpsPlugError:
                self._counters.give_back(counts)

    def _drain_spool(self) -> None:
        if not self._spool.waiting():
            return
        try:
            drained = self._spool.drain(lambda events: self._store().add_events(events, durable=True))
        except OpsPlugError as error:
            self._failed(error)
        else:
            self._counters.add("events_recovered", drained)

    def _after_fork(self) -> None:
        had_thread = self._thread is not None
        self._thread = None
        self._held = []
        self._round = threading.Lock()
        self._counters.take()
        self._queue.forget_after_fork()
        if had_thread and not self._stopping:
            self.start()


def _restart_in_child() -> None:
    for writer in list(_writers):
        writer._after_fork()


def _stop_at_exit() -> None:
    for writer in list(_writers):
        if writer._thread is not None:
            writer.stop()


os.register_at_fork(after_in_child=_restart_in_child)
atexit.register(_stop_at_exit)
