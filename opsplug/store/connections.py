"""SQLite connections of one process: one writer behind a lock, one reader a thread, all forgotten after a fork."""

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsplug.errors import StoreError

BUSY_MS = 5000
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -8000",
    "PRAGMA wal_autocheckpoint = 1000",
    "PRAGMA journal_size_limit = 16777216",
)


class Connections:
    """Opens on first use. A database file that was removed or replaced is noticed by its inode and opened anew."""

    def __init__(self, path: Path | None) -> None:
        self.path = path  # None: in memory, one connection for everything
        self.generation = 0
        self._lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._readers = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._inode: int | None = None
        self._pid = os.getpid()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The write connection, held alone; a failed transaction is rolled back."""
        self._after_fork()
        with self._lock:
            connection = self._open_writer()
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's read connection."""
        self._after_fork()
        if self.path is None:
            with self._lock:
                yield self._open_writer()
            return
        held: tuple[int, sqlite3.Connection] | None = getattr(self._readers, "held", None)
        if held is None or held[0] != self.generation:
            with self._lock:
                self._open_writer()  # makes the file when there is none
                connection = self._open()
                connection.execute("PRAGMA query_only = ON")
                held = self._readers.held = (self.generation, connection)
        yield held[1]

    def is_fresh(self) -> bool:
        """False once the file under us is not the one that was opened."""
        if self.path is None or self._inode is None:
            return True
        try:
            return self.path.stat().st_ino == self._inode
        except OSError:
            return False

    def close(self) -> None:
        """Close all connections of this process."""
        with self._lock:
            for connection in self._all:
                # A reader may be in use on its own thread; SQLite then refuses, and the garbage collector closes it.
                try:
                    connection.close()
                except sqlite3.Error:
                    continue
            self._all.clear()
            self._writer = None
            self._inode = None
            self.generation += 1

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = self._open()
            if self.path is not None:
                self._inode = self.path.stat().st_ino
        return self._writer

    def _open(self) -> sqlite3.Connection:
        target = ":memory:" if self.path is None else str(self.path)
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            elif stat.S_IMODE(self.path.stat().st_mode) & 0o077:
                self.path.chmod(0o600)
        connection = sqlite3.connect(target, isolation_level=None, check_same_thread=False, timeout=BUSY_MS / 1000)
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        self._all.append(connection)
        return connection

    def _after_fork(self) -> None:
        if self._pid == os.getpid():
            return
        # SQLite's handles must not be used, nor closed, on this side of a fork: they are left alone.
        _left_alone.extend(self._all)
        self._lock = threading.RLock()
        self._readers = threading.local()
        self._all = []
        self._writer = None
        self._inode = None
        self.generation += 1
        self._pid = os.getpid()


_left_alone: list[sqlite3.Connection] = []


@contextmanager
def store_errors(path: Path | None) -> Iterator[None]:
    """What SQLite and the file system complain about, as one `StoreError` that names the file."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"store: {path or 'in memory'}: {error}. See: opsplug doctor") from error
