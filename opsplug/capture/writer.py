"""The one writer of a process: a daemon thread that stores what the queue holds, batch by batch."""

import atexit
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakSet

from opsplug.capture.counters import Counters
from opsplug.capture.queue import EventQueue
from opsplug.capture.spool import Spool
from opsplug.capture.storing import Storing
from opsplug.events import Event
from opsplug.store import fork
from opsplug.store.protocol import Store

log = logging.getLogger("opsplug")


class Writer:
    """Durable events are committed at once, ordinary ones within `interval` seconds.

    `store` is a callable, so that nothing is opened before there is something to write. The thread starts again in a
    forked child; `stop` and the end of the process store what is left. What happens to events while the store fails is
    told at `Storing`.
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
        self._queue = queue
        self._counters = counters
        self._interval = interval
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._stopping = False
        self.withdrawn: Callable[[], object] = lambda: None  # called when a visitor's refusal has been stored
        self._storing = Storing(
            store, queue, spool, convert=convert, counters=counters, interval=interval, batch=batch, clock=clock,
            withdrawn=lambda: self.withdrawn(),
        )  # fmt: skip
        queue.at_once = queue.begin = self._begin
        fork.watch(self, uses_others=True)
        _writers.add(self)

    @property
    def failing(self) -> bool:
        """Whether the store took nothing at the last try."""
        return self._storing.failing

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
            self._storing.hurry()
            goes_on = self._storing.write_some()
            if self._storing.done and self._storing.save_counts():
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
            self._storing.give_up()

    def _run(self) -> None:
        goes_on = False
        while not self._stopping:
            if not goes_on:
                self._queue.wake.wait(self._interval)
                self._queue.wake.clear()
            try:
                goes_on = self._storing.write_some()
                self._storing.upkeep()
            except Exception as error:  # a thread that dies would take everything after it along
                goes_on = False
                self._counters.add("errors.writer")
                log.error("opsplug: the writer failed and goes on", exc_info=error)

    def _write_all(self) -> None:
        while self._storing.write_some():
            pass

    # -- forks ----------------------------------------------------------------------------------------------------
    def before_fork(self) -> None:
        """The thread may go on: the store closes its connections by itself."""

    def after_fork_in_parent(self) -> None:
        """Nothing has changed here."""

    def after_fork_in_child(self) -> None:
        running = self._thread is not None and not self._stopping
        self._thread = None
        self._storing.begin_anew()
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
