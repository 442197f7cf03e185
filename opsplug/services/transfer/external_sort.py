"""Sorting more than memory holds: sorted runs on disk, merged while read (Knuth, TAOCP 3, 5.4)."""

import heapq
import pickle
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Any, Self

_BLOCK = 500


class DiskSort:
    """Takes `(key, blob)` pairs in any order and gives them back by key; holds about `limit` bytes in memory.

    Keys of one sort are comparable with each other and all different. The runs are unnamed temporary files, which
    vanish with the process.
    """

    def __init__(self, limit: int = 48_000_000) -> None:
        self._limit = limit
        self._held: list[tuple[Any, bytes]] = []
        self._bytes = 0
        self._runs: list[IO[bytes]] = []
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for run in self._runs:
            run.close()

    def add(self, key: Any, blob: bytes) -> None:
        self._held.append((key, blob))
        self._bytes += len(blob) + 250  # a pair's own objects
        self.count += 1
        if self._bytes > self._limit:
            self._spill()

    def __iter__(self) -> Iterator[tuple[Any, bytes]]:
        self._held.sort()
        yield from heapq.merge(self._held, *(_read(run) for run in self._runs))

    def _spill(self) -> None:
        self._held.sort()
        run = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the sort)
        for start in range(0, len(self._held), _BLOCK):
            pickle.dump(self._held[start : start + _BLOCK], run, pickle.HIGHEST_PROTOCOL)
        self._runs.append(run)
        self._held, self._bytes = [], 0


def _read(run: IO[bytes]) -> Iterator[tuple[Any, bytes]]:
    run.seek(0)
    while True:
        try:
            yield from pickle.load(run)
        except EOFError:
            return
