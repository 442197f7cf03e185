"""When a job last ran and how that ended, as all processes see it: one document for each job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

KIND = "job"  # document kind; keys are the names of jobs


class Run(msgspec.Struct):
    """The last run of a job. Times are epoch seconds."""

    state: str = "never"  # never | running | done | failed | stopped (its process ended first)
    started: float = 0.0
    holder: str = ""
    seconds: float = 0.0
    attempts: int = 0
    last_id: int = -1  # newest event and catalogue when it started
    catalogue: int = -1
    error: str = ""


def last_run(store: Store, name: str) -> Run:
    value: Any = store.get_document(KIND, name)
    return msgspec.convert(value, Run) if value else Run()


def record_run(store: Store, name: str, run: Run, now: float) -> None:
    store.put_document(KIND, name, msgspec.to_builtins(run), round(now * 1000))


def newest(store: Store) -> tuple[int, int]:
    """What there is to learn from: the last event's id and the catalogue's version."""
    return store.last_id(), store.catalogue_version()
