"""Background worker: a daemon thread that runs the chat's tasks while any has work left, and ends after that."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

from opsplug.capture.guard import Guard

_INTERVAL = 3.0  # seconds between two rounds


class BackgroundWorker:
    """Runs `tasks`, each of which returns whether it has work left. `wake` costs a comparison while the thread runs."""

    def __init__(self, tasks: Sequence[Callable[[], bool]], guard: Guard, *, may_run: bool) -> None:
        self._tasks = tasks
        self._guard = guard
        self._may_run = may_run
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._woken = False

    def wake(self) -> None:
        """Start the thread unless it runs: there is work."""
        self._woken = True
        if not self._may_run or (self._thread is not None and self._pid == os.getpid()):
            return
        with self._lock:
            if self._thread is None or self._pid != os.getpid():
                self._stopping, self._pid = threading.Event(), os.getpid()
                self._thread = threading.Thread(target=self._run, name="opsplug-chat", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        thread, self._may_run = self._thread, False
        if thread is not None and self._pid == os.getpid():
            self._stopping.set()
            thread.join(10.0)

    def round(self) -> bool:
        """Run every task once; -> whether any has work left."""
        has_more = False
        for task in self._tasks:
            with self._guard("chat_keeper"):
                has_more = task() or has_more
        return has_more

    def _run(self) -> None:
        started = False
        while not self._stopping.wait(_INTERVAL if started else 0.2):
            started, self._woken = True, False
            has_more = self.round()
            with self._lock:
                if not has_more and not self._woken:
                    self._thread = None
                    return
