"""What the queue holds, into the store: batch by batch, and into the spool while the store fails."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from opsplug.capture.counters import Counters
from opsplug.capture.durable import conclude, into_spool
from opsplug.capture.queue import LOST, STORED, EventQueue, Ticket
from opsplug.capture.spool import Spool
from opsplug.errors import EventError, StoreError
from opsplug.events import Event
from opsplug.store.events import names_who_refuses
from opsplug.store.protocol import Store

log = logging.getLogger("opsplug")

PATIENCE: Final = 0.1  # seconds a batch waits for another process' transaction: an answer may depend on the next one
LONGEST_PAUSE: Final = 2.0  # seconds between two tries while the store fails
SAVE_COUNTS_EVERY: Final = 2.0
DRAIN_EVERY: Final = 5.0
TOLERATED_SECONDS: Final = 2.0  # another process' transaction is nothing to be told of
_CONVERTED_AT_ONCE: Final = 100  # records converted before requests get a turn


class Storing:
    """While the store fails, durable events go to the spool and ordinary ones wait in the queue; its bound decides what
    is dropped. Any thread may write; `turn` lets one at a time. `withdrawn` is called when a visitor's refusal has been
    stored."""

    def __init__(
        self,
        store: Callable[[], Store],
        queue: EventQueue,
        spool: Spool,
        *,
        convert: Callable[[Sequence[Any]], list[Event]],
        counters: Counters,
        interval: float,
        batch: int,
        clock: Callable[[], float],
        withdrawn: Callable[[], object],
    ) -> None:
        self._store = store
        self._queue = queue
        self._spool = spool
        self._convert = convert
        self._counters = counters
        self._interval = interval
        self._batch = batch
        self._clock = clock
        self._withdrawn = withdrawn
        self._stuck = False  # not even the spool takes what must not be lost
        self.begin_anew()
        queue.overflow = self._overflow

    def begin_anew(self) -> None:
        """Nothing is held and no outage known: at first, and in a forked child, whose parent stores what it held."""
        self.turn = threading.Lock()
        self._held: list[Event] = []  # converted and not stored yet
        self._knows_counts = False  # which names the store's counters have
        self._outage = Outage(self._counters, self._clock)
        self._next_try = self._next_save = self._next_drain = float("-inf")

    @property
    def done(self) -> bool:
        return not self._queue and not self._held

    @property
    def failing(self) -> bool:
        return self._outage.tries > 0

    def hurry(self) -> None:
        """The next try comes at once, also during an outage."""
        self._next_try = float("-inf")

    # -- events ---------------------------------------------------------------------------------------------------
    def write_some(self) -> bool:
        """The durable events, then a batch of ordinary ones. -> whether more waits and the store takes it."""
        with self.turn:
            tickets = self._queue.take_durable(self._batch)
            taken = not tickets or self._write_durable(tickets)
            if taken:
                if not self._held:
                    self._held = convert_all(self._convert, self._queue.take(self._batch), self._reject)
                taken = not self._held or self._write_ordinary()
            self._counters.add("events_dropped", self._queue.take_dropped())
            return taken and bool(self._queue)

    def give_up(self) -> None:
        """What waits is counted and gone."""
        with self.turn:
            while tickets := self._queue.take_durable(self._batch):  # more than fit, where some were put back
                for ticket in tickets:
                    conclude(ticket, LOST, self._counters)
            dropped = len(self._held) + len(self._queue.take(self._queue.capacity))
            if dropped:
                log.error("opsplug: the store could not be written to the end: %d events are dropped", dropped)
            self._counters.add("events_dropped", dropped)
            self._held = []
        self.save_counts()

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
            added = self._store().add_events(events, durable=durable, timeout=PATIENCE)
        except EventError as error:
            if len(events) > 1:
                middle = len(events) // 2
                return self._add(events[:middle], durable=durable) + self._add(events[middle:], durable=durable)
            self._reject(error)
            return list(events)
        self._outage.is_over()
        if added < len(events):
            self._counters.add("events_repeated", len(events) - added)
        if durable and any(map(names_who_refuses, events)):
            self._withdrawn()
        return []

    def _failed(self, error: Exception) -> None:
        self._outage.goes_on(error)
        # While it may be another process' turn, soon again; once it is an outage, ever later.
        self._next_try = self._clock() + min(LONGEST_PAUSE, self._interval * 2.0 ** min(self._outage.tries, 10))

    def _reject(self, error: Exception) -> None:
        self._counters.add("events_rejected")
        self._counters.note("events_rejected.store", str(error))
        log.warning("opsplug: an event cannot be stored", exc_info=error)

    # -- counters and spool ---------------------------------------------------------------------------------------
    def upkeep(self) -> None:
        """Now and then: save the counters, store what has been spooled."""
        now = self._clock()
        if now < self._next_try:
            return
        if now >= self._next_save:
            self._next_save = now + SAVE_COUNTS_EVERY
            self.save_counts()
        if now >= self._next_drain:
            self._next_drain = now + DRAIN_EVERY
            self._drain_spool()

    def save_counts(self) -> bool:
        with self.turn:  # else two threads would save the same
            counts = self._counters.unsaved()
            try:
                if counts:
                    self._learn_names()
                    self._store().add_counts(counts, timeout=PATIENCE)
                    self._counters.saved(counts)
            except StoreError as error:
                self._failed(error)
                return False
            return True

    def _learn_names(self) -> None:
        if not self._knows_counts:
            self._counters.know(self._store().counts())
            self._knows_counts = True

    def _drain_spool(self) -> None:
        try:
            drained = self._spool.drain(lambda events: self._add(events, durable=True))
        except (StoreError, OSError) as error:
            self._failed(error)
        else:
            self._counters.add("events_recovered", drained)


class Outage:
    """The store's refusals in a row: counted and logged once they have lasted two seconds, and logged when it is over.

    `tries` have failed since then.
    """

    def __init__(self, counters: Counters, clock: Callable[[], float]) -> None:
        self._counters = counters
        self._clock = clock
        self.tries = 0
        self._since: float | None = None

    def goes_on(self, error: Exception) -> None:
        """One try more has failed."""
        if self._since is None:
            self._since = self._clock()
        if self._clock() - self._since >= TOLERATED_SECONDS:
            if not self.tries:
                log.error("opsplug: the store cannot be written, trying again: %s", error)
            self.tries += 1
            self._counters.add("errors.store")

    def is_over(self) -> None:
        if self.tries:
            log.warning("opsplug: the store can be written again")
        self.tries, self._since = 0, None


def convert_all(
    convert: Callable[[Sequence[Any]], list[Event]], records: Sequence[Any], reject: Callable[[Exception], object]
) -> list[Event]:
    """The events of all records that can be converted; `reject` hears why one cannot."""
    events: list[Event] = []
    for start in range(0, len(records), _CONVERTED_AT_ONCE):
        part = records[start : start + _CONVERTED_AT_ONCE]
        try:
            events += convert(part)
        except Exception:  # one of them cannot be converted, the others can
            for record in part:
                try:
                    events += convert([record])
                except Exception as error:
                    reject(error)
        time.sleep(0)  # requests that wait for the interpreter get their turn
    return events
