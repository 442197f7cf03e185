"""Each job in one process at a time: whoever gets the job's lease runs it and renews the lease while it runs.

When that process dies, the lease expires and another one takes the job over. What is known of a job's last run is a
document in the store, so that all processes agree on when it is due.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from opsplug.errors import OpsPlugError, StoreError
from opsplug.training.run.child import Child, Spec
from opsplug.training.run.job import Job
from opsplug.training.run.runs import Run, last_run, newest, record_run

if TYPE_CHECKING:
    from opsplug.capture.counters import Counters
    from opsplug.settings import Settings
    from opsplug.store.protocol import Store
    from opsplug.training.run.artefacts import Artefacts

log = logging.getLogger("opsplug")

LEASE = 45.0  # seconds after which a silent holder is thought dead
SHARE = 0.02  # of one core: what repeated training may take
SHORTEST, RETRY = 300.0, 600.0  # seconds between two trainings, and after a failed one
ATTEMPTS = 3  # of a run that dies with its process


class Runner:
    """`poll` is called every few seconds; it renews the lease of what runs, or starts what is due."""

    def __init__(
        self,
        jobs: Sequence[Job],
        settings: Settings,
        store: Callable[[], Store],
        artefacts: Callable[[], Artefacts],
        counters: Counters,
        *,
        clock: Callable[[], float] = time.time,
        spawn: Callable[[Spec], Child] = Child,
    ) -> None:
        self._settings = settings
        self._store = store
        self._artefacts = artefacts
        self._counters = counters
        self._jobs = jobs
        self._clock = clock
        self._spawn = spawn
        self.forget()

    def forget(self) -> None:
        """Begin as a new process that runs nothing (after a fork)."""
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._child: Child | None = None
        self._running: Job | None = None
        self._thread: threading.Thread | None = None
        self._ending = False

    def poll(self) -> None:
        """Renew, or start the first job that is due and whose lease is free. Trouble is logged and counted."""
        try:
            if self._running is not None:
                self._renew(self._running)
                return
            for job in self._jobs:
                if self._try(job):
                    return
        except StoreError as error:
            log.warning("opsplug: background jobs wait for the store: %s", error)
            self._counters.add("errors.schedule")

    def stop(self) -> None:
        """End the job that this process runs and give its lease back: the next process begins it anew."""
        self._ending = True
        if self._child is not None:
            self._child.stop()
        if self._thread is not None:
            self._thread.join(5)

    def wait(self, timeout: float) -> bool:
        """Wait until nothing runs here (for tests and `opsplug worker`)."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._running is None

    def _try(self, job: Job) -> bool:
        if not self._due(job, self._last(job)) or not self._lease(job):
            return False
        run = self._last(job)  # it may have been done between the poll and the lease
        if not self._due(job, run):
            self._store().release_lease(self._name(job), self._holder)
            return False
        attempts = run.attempts + 1 if run.state == "running" else 1
        run = Run("running", self._clock(), self._holder, run.seconds, attempts, *newest(self._store()))
        self._record(job, run)
        self._running = job
        self._thread = threading.Thread(target=self._run, args=(job, run), name=f"opsplug-{job.name}", daemon=True)
        self._thread.start()
        return True

    def _due(self, job: Job, run: Run) -> bool:
        """Never run, taken over from a dead process, or old enough with something new to learn from."""
        every = job.every if job.every is not None else float(self._settings.train_every)
        if every <= 0:
            return False
        since = self._clock() - run.started
        if run.state == "running":  # the lease tells whether somebody still does it
            return run.attempts < ATTEMPTS or since >= every
        if run.state == "stopped":
            return True
        if run.state == "failed":
            return since >= min(RETRY, every)
        if job.trains:
            every = min(every, max(SHORTEST, run.seconds / SHARE))
            last_id, catalogue = newest(self._store())
            changed = (last_id, catalogue) != (run.last_id, run.catalogue)
            return changed and last_id + catalogue > 0 and since >= every
        return since >= every

    def _run(self, job: Job, run: Run) -> None:
        """In a thread of its own: one child, from start to end."""
        artefacts, settings = self._artefacts(), self._settings
        began = time.monotonic()
        try:
            spec = Spec(
                settings.store, str(artefacts.folder), artefacts.key.hex(), [job.name], seed=settings.seed,
                options=settings.job_options(),
            )  # fmt: skip
            self._child = self._spawn(spec)
            self._child.wait(lambda text: log.info("opsplug: %s", text))
            run.state, run.error = "done", ""
            artefacts.changed()
        except (OpsPlugError, OSError, msgspec.DecodeError) as error:
            self._failed(job, run, error)
        run.seconds = time.monotonic() - began
        try:
            if self._last(job).holder == self._holder:  # else another process has taken it over
                self._record(job, run)
            self._store().release_lease(self._name(job), self._holder)
        except StoreError as error:
            log.warning("opsplug: the end of %s was not recorded: %s", job.name, error)
        finally:
            self._child, self._running = None, None

    def _failed(self, job: Job, run: Run, error: Exception) -> None:
        if self._ending:  # a restart of the shop is no fault of the job
            log.info("opsplug: the job %s was cut short, because this process ends", job.name)
            run.state, run.error = "stopped", ""
            return
        log.error("opsplug: the job %s failed: %s", job.name, error)
        self._counters.add(f"errors.job.{job.name}")
        run.state, run.error = "failed", str(error)

    def _renew(self, job: Job) -> None:
        if not self._lease(job) and self._child is not None:
            log.warning("opsplug: the lease of %s was lost, another process runs it now", job.name)
            self._child.stop()

    def _lease(self, job: Job) -> bool:
        now_ms = round(self._clock() * 1000)
        return self._store().acquire_lease(self._name(job), self._holder, ttl_ms=round(LEASE * 1000), now_ms=now_ms)

    def _last(self, job: Job) -> Run:
        return last_run(self._store(), job.name)

    def _record(self, job: Job, run: Run) -> None:
        record_run(self._store(), job.name, run, self._clock())

    @staticmethod
    def _name(job: Job) -> str:
        return f"job:{job.name}"
