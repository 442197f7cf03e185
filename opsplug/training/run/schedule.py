"""The clock of background jobs: APScheduler in each worker process, looking every few seconds whether a job is due."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from opsplug.training.run.job import Job
from opsplug.training.run.runner import Runner

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters
    from opsplug.settings import Settings
    from opsplug.store.protocol import Store
    from opsplug.training.run.artefacts import Artefacts

POLL_SECONDS = 10.0  # seconds between two polls; also the heart-beat of a lease
FIRST_POLL = 3.0


class Schedule:
    """Starts nothing before `start`, which may be called in every process and again after a fork."""

    def __init__(
        self,
        jobs: Sequence[Job],
        settings: Settings,
        store: Callable[[], Store],
        artefacts: Callable[[], Artefacts],
        counters: Counters,
    ) -> None:
        self.runner = Runner(jobs, settings, store, artefacts, counters)
        self._scheduler: Any = None
        self._pid: int | None = None

    def start(self) -> None:
        """Start the clock of this process, unless it runs already."""
        if self._pid == os.getpid():
            return
        from apscheduler.executors.debug import DebugExecutor  # the scheduler's own thread: a look takes milliseconds
        from apscheduler.schedulers.background import BackgroundScheduler

        self._pid = os.getpid()
        self.runner.forget()
        self._scheduler = BackgroundScheduler(executors={"default": DebugExecutor()}, daemon=True, timezone=UTC)
        self._scheduler.add_job(
            self.runner.poll, "interval", seconds=POLL_SECONDS, jitter=2, coalesce=True, max_instances=1,
            misfire_grace_time=None, next_run_time=datetime.now(UTC) + timedelta(seconds=FIRST_POLL),
        )  # fmt: skip
        self._scheduler.start()

    def stop(self) -> None:
        """Stop the clock and a job that this process runs; another process will take it over."""
        if self._scheduler is not None and self._pid == os.getpid():
            self._scheduler.shutdown(wait=False)
            self.runner.stop()
        self._scheduler, self._pid = None, None
