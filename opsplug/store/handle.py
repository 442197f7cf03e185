"""One SQLite connection, the file it was opened on, and what is done with it."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from opsplug.errors import StoreError

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
CORRUPT: Final = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))


class Handle:
    """An open connection and the file that it was opened on."""

    __slots__ = ("__weakref__", "busy_ms", "connection", "durable", "inode")

    def __init__(self, connection: sqlite3.Connection, inode: tuple[int, int]) -> None:
        self.connection = connection
        self.inode = inode
        self.busy_ms = -1
        self.durable = False

    def wait_for_locks(self, seconds: float) -> None:
        milliseconds = max(1, int(seconds * 1000))
        if milliseconds != self.busy_ms:
            self.connection.execute(f"PRAGMA busy_timeout = {milliseconds}")
            self.busy_ms = milliseconds

    def make_durable(self, durable: bool) -> None:
        """FULL syncs the log before a commit returns; NORMAL leaves that to the checkpoint."""
        if durable != self.durable:
            self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self.durable = durable

    def close(self) -> None:
        self.connection.close()

    def __del__(self) -> None:
        self.connection.close()


def transaction(handle: Handle, work: Work[T], durable: bool) -> T:
    connection = handle.connection
    handle.make_durable(durable)
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def write_ahead(connection: sqlite3.Connection, timeout: float) -> None:
    """Several processes that start at once: the switch to WAL does not wait for locks by itself."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if code_of(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@contextmanager
def deadline(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > until, 2000)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def code_of(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def inode_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def alone_in(folder: Path, seconds: float) -> Iterator[None]:
    """Opening and rebuilding a database are done by one process at a time: the folder itself is the lock."""
    until = time.monotonic() + seconds
    handle = os.open(folder, os.O_RDONLY)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise StoreError(f"store: another process is opening the database in {folder}") from None
                time.sleep(0.005)
        yield
    finally:
        os.close(handle)
