"""Where acknowledged events wait while the store cannot take them: an fsynced file of JSON lines per process."""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from opsplug.errors import StoreError
from opsplug.events import Event

_SUFFIX: Final = ".events"
_TAKEN: Final = ".drain"  # a file that nobody appends to any more
_BATCH: Final = 500
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode


class Spool:
    """`append` returns once the events are on the disk; `drain` hands on what any process has left here."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder  # None: a store without a place; `append` raises

    def append(self, *events: Event) -> None:
        """All of these events, or a `StoreError`."""
        if self.folder is None:
            raise StoreError("spool: a temporary store has none")
        # Each line begins a new one: what a killed process left half written spoils no other event.
        data = b"".join(b"\n" + _encode(event) + b"\n" for event in events)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _alone(self.folder / f"{os.getpid()}{_SUFFIX}") as file:
                self._write(file, data)
        except OSError as error:
            raise StoreError(f"spool: {self.folder} cannot be written ({error.strerror or error})") from error

    def _write(self, file: int, data: bytes) -> None:
        end = os.fstat(file).st_size
        try:
            if os.write(file, data) != len(data):
                raise OSError("no space for a whole line")
            os.fsync(file)
        except OSError:
            os.ftruncate(file, end)
            raise
        if not end:
            _sync_folder(self.folder)

    def waiting(self) -> list[Path]:
        """Files with events, of all processes."""
        try:
            entries = list(os.scandir(self.folder)) if self.folder is not None else []
            return [
                Path(entry.path)
                for entry in sorted(entries, key=lambda entry: entry.name)
                if entry.name.endswith((_SUFFIX, _TAKEN)) and entry.stat().st_size
            ]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"spool: {self.folder} cannot be read ({error.strerror or error})") from error

    def drain(self, store: Callable[[Sequence[Event]], object]) -> int:
        """Hand every event to `store`, removing a file when it has returned for all of it. -> how many events.

        Whatever `store` raises ends the draining; nothing is lost by it, and event ids make repeats harmless.
        """
        drained = 0
        for path in self.waiting():
            with _taken(path) as file:
                if file is None:  # another process is at it
                    continue
                events = _read(file)
                for start in range(0, len(events), _BATCH):
                    store(events[start : start + _BATCH])
                drained += len(events)
        return drained


@contextmanager
def _alone(path: Path) -> Iterator[int]:
    """The file, held alone among all processes and threads."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is(file, path):  # else it was taken away to be drained while we waited
                yield file
                return
        finally:
            os.close(file)


@contextmanager
def _taken(path: Path) -> Iterator[int | None]:
    """The file, out of reach of those who append, and removed unless an exception passes; None: another has it."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        if not _is(file, path):
            yield None
            return
        if path.suffix != _TAKEN:
            path = path.rename(path.with_name(f"{path.stem}-{os.urandom(6).hex()}{_TAKEN}"))
        yield file
        path.unlink(missing_ok=True)
    finally:
        os.close(file)


def _is(file: int, path: Path) -> bool:
    """Whether the path still leads to this open file."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(file)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _read(file: int) -> list[Event]:
    events = []
    with os.fdopen(os.dup(file), "rb") as lines:
        lines.seek(0)
        for line in lines:
            try:
                events.append(_decode(line))
            except msgspec.DecodeError:  # blank, or half a line, which was never acknowledged
                continue
    return events


def _sync_folder(folder: Path | None) -> None:
    if folder is not None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
