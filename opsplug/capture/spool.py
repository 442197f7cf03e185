"""Where acknowledged events wait while the store cannot take them: an fsynced file of JSON lines per process."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from opsplug.events import Event

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode
_SUFFIX = ".events"
_BATCH = 500


class Spool:
    """`append` returns once the event is on the disk. Any process may `drain` what any other has left."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder  # None: there is no place, `append` raises
        self._lock = threading.Lock()
        self._pending = False

    def append(self, event: Event) -> None:
        """Raises OSError when the disk will not have it."""
        if self.folder is None:
            raise OSError("a store in memory has no spool")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{os.getpid()}{_SUFFIX}"
        line = _encode(event) + b"\n"
        with self._lock, _locked(path) as handle:
            start = os.lseek(handle, 0, os.SEEK_END)
            try:
                if os.write(handle, line) != len(line):
                    raise OSError(f"{path}: only a part could be written")
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, start)  # half a line would hide the next one
                raise
        self._pending = True

    def waiting(self) -> list[Path]:
        """Files that hold events, of all processes."""
        if self.folder is None or not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.glob(f"*{_SUFFIX}") if path.stat().st_size)

    def drain(self, store: Callable[[Sequence[Event]], object]) -> int:
        """Hand everything to `store` and remove it once that has returned. -> how many events.

        Draining twice is harmless, as event ids make repeats harmless.
        """
        drained = 0
        for path in self.waiting():
            try:
                with _locked(path) as handle:
                    events = list(_read(handle))
                    for start in range(0, len(events), _BATCH):
                        store(events[start : start + _BATCH])
                    os.ftruncate(handle, 0)
                    os.fsync(handle)
                    drained += len(events)
                if path.name != f"{os.getpid()}{_SUFFIX}":
                    path.unlink(missing_ok=True)
            except FileNotFoundError:
                continue  # another process has drained it
        return drained


def _read(handle: int) -> Iterator[Event]:
    os.lseek(handle, 0, os.SEEK_SET)
    with os.fdopen(os.dup(handle), "rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):  # a line without its end was never acknowledged
                try:
                    yield _decode(line)
                except msgspec.DecodeError:
                    continue


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The file, held alone among all processes."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            if os.fstat(handle).st_nlink:
                break
        except OSError:
            pass
        os.close(handle)  # removed while we waited for the lock
    try:
        yield handle
    finally:
        os.close(handle)
