"""A background job as data, what it gets, what it reports; and `run_jobs`, which runs jobs now in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from opsplug.errors import ModelError
from opsplug.models.parallel import workers
from opsplug.training.run.runs import Run, newest, record_run

if TYPE_CHECKING:
    from opsplug.store.protocol import Store
    from opsplug.training.run.artefacts import Artefacts

RUNS_KEPT = 100  # of each job, for the stats page
RUNS = "training_run"  # document kind; keys are name/epoch milliseconds


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """The result of training one model.

    Attributes
    ----------
    name : str
        The job.
    metrics, baseline : dict of str to float
        Measured on later events than those learned from.
    promoted : bool
        Whether it is now served.
    seconds : float
        Wall-clock time.
    version : str
        Of the artefact, empty when nothing was published.
    reason : str
        Why it is served or not.
    """

    name: str
    metrics: dict[str, float]
    baseline: dict[str, float]
    promoted: bool
    seconds: float
    version: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """What a job gets: where to read and write, the moment it works at, and bounds."""

    store: Store
    artefacts: Artefacts
    now: float | None = None  # epoch seconds; None: the newest event
    seed: int = 0
    budget_s: float | None = None  # CPU seconds
    clock: Callable[[], float] = time.time
    options: Mapping[str, Any] = field(default_factory=dict)  # retention_days, ...
    say: Callable[[str], object] = lambda text: None


@dataclass(frozen=True, slots=True)
class Job:
    """`target` is imported when the job runs; `every` is in seconds, None: the setting `train_every`."""

    name: str
    target: str
    every: float | None = None
    trains: bool = False

    def run(self, work: Work) -> TrainingReport | None:
        module, _, function = self.target.partition(":")
        report: TrainingReport | None = getattr(import_module(module), function)(work)
        return report


def jobs_named(names: Sequence[str] | None, jobs: Sequence[Job]) -> list[Job]:
    """The jobs of these names; all that train when `names` is None. `ModelError` names an unknown one."""
    if names is None:
        return [job for job in jobs if job.trains]
    names = [names] if isinstance(names, str) else list(names)
    known = {job.name: job for job in jobs}
    for name in names:
        if name not in known:
            raise ModelError(f"train: there is no job {name!r}; there are {', '.join(known)}")
    return [known[name] for name in names]


def run_jobs(
    jobs: Sequence[Job],
    store: Store,
    artefacts: Artefacts,
    names: Sequence[str] | None = None,
    now: datetime | float | None = None,
    *,
    seed: int = 0,
    budget_s: float | None = None,
    clock: Callable[[], float] = time.time,
    options: Mapping[str, Any] | None = None,
    say: Callable[[str], object] = lambda text: None,
    remember: bool = False,
) -> list[TrainingReport]:
    """Run jobs in this process and record their reports. A model is published only when its gate lets it through.

    With `remember` the schedule counts these runs as its own, and does not train again what was just trained.
    """
    moment = now.timestamp() if isinstance(now, datetime) else now
    work = Work(store, artefacts, moment, seed, budget_s, clock, options or {}, say)
    reports = []
    for job in jobs_named(names, jobs):
        say(f"{job.name}: starting")
        run = Run("done", clock(), "", 0.0, 1, *newest(store))
        with workers(int(work.options.get("train_jobs") or 0)):
            report = job.run(work)
        run.seconds = clock() - run.started
        if remember:
            record_run(store, job.name, run, clock())
        if report is not None:
            record(store, report, clock())
            reports.append(report)
            say(f"{job.name}: {'published' if report.promoted else 'not published'}")
    return reports


def record(store: Store, report: TrainingReport, at: float) -> None:
    """Keep a report for the stats page, the newest `RUNS_KEPT` of each name."""
    at_ms = round(at * 1000)
    store.put_document(RUNS, f"{report.name}/{at_ms:014d}", {**asdict(report), "at": at}, at_ms)
    keys = sorted(key for key, _ in store.documents(RUNS, f"{report.name}/"))
    for key in keys[:-RUNS_KEPT]:
        store.delete_document(RUNS, key)


def runs(store: Store, name: str = "") -> list[dict[str, Any]]:
    """Recorded reports as plain dicts, newest first."""
    found = store.documents(RUNS, f"{name}/" if name else "")
    return [value for _, value in sorted(found, key=lambda row: row[1]["at"], reverse=True)]
