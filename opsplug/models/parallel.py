"""Independent pieces of a training side by side, in the order in which they were asked for.

How many run at once is said once, by whoever starts a training (`workers`); without it they run one after another.
Threads, because the pieces share one log in memory and spend their time in numpy, scipy and scikit-learn, which let
other threads run; a thread also ends with the training process, whatever ends it. Another backend of joblib, such as
Dask's, runs the same pieces on a cluster.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TypeVar

MOST = 4  # at once, unless the owner names a number: the longest piece bounds what more would gain
T = TypeVar("T")


def workers(count: int = 0, backend: str = "threading") -> AbstractContextManager[object]:
    """Run the pieces of the trainings inside this context `count` at a time; 0: on half of the cores, at most four.

    Half, so that the shop, which serves from the same machine, keeps a core for each that trains; on two cores the
    pieces run one after another.
    """
    from joblib import parallel_config

    count = count or max(1, min(MOST, cores() // 2))
    context: AbstractContextManager[object] = parallel_config(backend=backend, n_jobs=count)
    return context


def cores() -> int:
    """Those that this process may run on, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(pieces: Iterable[Callable[[], T]]) -> list[T]:
    """The results of the pieces, in their order. The first error of a piece is raised as it was."""
    from joblib import Parallel, delayed

    found: list[T] = Parallel()(delayed(_called)(piece) for piece in pieces)
    return found


def _called(piece: Callable[[], T]) -> T:
    return piece()
