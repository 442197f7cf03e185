"""The thread that looks after conversations while there are any to look after, and ends when there are none."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence

from opsplug.capture.guard import Guard

_EVERY = 3.0  # seconds between two rounds


class Keeper:
    """`tasks` answer whether they have anything left to do later. `wake` costs a comparison while the thread runs."""

    def __init__(self, tasks: Sequence[Callable[[], bool]], guard: Guard, *, may_run: bool) -> None:
        self._tasks = tasks
        self._guard = guard
        self._may_run = may_run
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._asked = False

    def wake(self) -> None:
        """Something has begun that somebody has to look after."""
        self._asked = True
        if not self._may_run or (self._thread is not None and self._pid == os.getpid()):
            return
        with self._lock:
            if self._thread is None or self._pid != os.getpid():
                self._ended, self._pid = threading.Event(), os.getpid()
                self._thread = threading.Thread(target=self._run, name="opsplug-chat", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        thread, self._may_run = self._thread, False
        if thread is not None and self._pid == os.getpid():
            self._ended.set()
            thread.join(10.0)

    def round(self) -> bool:
        """Every task once; -> whether there will be more to do."""
        left = False
        for task in self._tasks:
            with self._guard("chat_keeper"):
                left = task() or left
        return left

    def _run(self) -> None:
        begun = False
        while not self._ended.wait(_EVERY if begun else 0.2):
            begun, self._asked = True, False
            left = self.round()
            with self._lock:
                if not left and not self._asked:
                    self._thread = None
                    return
