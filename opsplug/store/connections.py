"""Connections of one process to one SQLite file: one writes, each thread reads through its own.

A connection never outlives a fork, nor the file it was opened on: a database that was deleted or replaced is noticed by
its inode (a write into an unlinked file would succeed and be lost) and opened, made and migrated again.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar
from weakref import WeakSet

from opsplug.errors import StoreError
from opsplug.store import fork
from opsplug.store.migrate import migrate

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
_ATTEMPTS: Final = 3
_FORK_PATIENCE: Final = 2.0  # seconds that a fork waits for reads and writes under way
_MAY_BE_REPLACED: Final = frozenset((sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_READONLY))
CORRUPT: Final = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
_abandoned: list[sqlite3.Connection] = []  # a parent's; closing them in a child would break the parent's locks


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


class Connections:
    """`write(work)` and `read(work)` call `work(connection)`; trouble with the database is a `StoreError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reset()
        fork.watch(self)

    def _reset(self) -> None:
        self._write_lock = threading.Lock()
        self._writer: Handle | None = None
        self._local = threading.local()
        self._readers: WeakSet[Handle] = WeakSet()
        self._gate = threading.Condition()
        self._closing = False
        self._active = 0

    # -- use ------------------------------------------------------------------------------------------------------
    def write(self, work: Work[T], *, durable: bool = False, timeout: float = 5.0) -> T:
        """One transaction: BEGIN IMMEDIATE, work, COMMIT; nothing is stored when `work` raises."""
        with self._in_use():
            if not self._write_lock.acquire(timeout=timeout):
                raise StoreError(f"store: another thread has been writing {self.path.name} for {timeout:g} s")
            try:
                for _ in range(_ATTEMPTS):
                    try:
                        handle = self._open_writer(timeout)
                        result = _transaction(handle, work, durable)
                    except sqlite3.Error as error:
                        if not self._again(error):
                            raise self._trouble(error) from error
                        continue
                    if self._in_place(handle):
                        return result
                    self._drop_writer()
                raise StoreError(f"store: {self.path.name} is being replaced again and again")
            finally:
                self._write_lock.release()

    def read(self, work: Work[T], *, timeout: float = 10.0) -> T:
        """Call `work` outside of any transaction; interrupted after `timeout` seconds."""
        with self._in_use():
            for attempt in range(_ATTEMPTS):
                try:
                    handle = self._open_reader(timeout)
                    with _deadline(handle.connection, timeout):
                        return work(handle.connection)
                except sqlite3.Error as error:
                    self._local.handle = None
                    if attempt == _ATTEMPTS - 1 or _code(error) not in _MAY_BE_REPLACED:
                        raise self._trouble(error) from error
            raise AssertionError("unreachable")

    def prepare(self) -> list[str]:
        """Make and migrate the database if need be; -> names of the migrations applied."""
        with self._in_use(), self._write_lock:
            self._drop_writer()
            try:
                handle, applied = self._make_writer(5.0)
            except sqlite3.Error as error:
                raise self._trouble(error) from error
            self._writer = handle
            return applied

    def close(self) -> None:
        """Close all connections once nobody uses them; the next use opens them again."""
        self._shut(_FORK_PATIENCE)
        self._open_up()

    # -- forks ----------------------------------------------------------------------------------------------------
    def before_fork(self) -> None:
        self._shut(_FORK_PATIENCE)

    def after_fork_in_parent(self) -> None:
        self._open_up()

    def after_fork_in_child(self) -> None:
        left = [self._writer, *self._readers]
        _abandoned.extend(handle.connection for handle in left if handle is not None)
        self._reset()

    def _shut(self, patience: float) -> None:
        """Keep newcomers out, wait for those inside, close everything."""
        with self._gate:
            self._closing = True
            if not self._gate.wait_for(lambda: self._active == 0, patience):
                return
        self._drop_writer()
        for handle in list(self._readers):
            handle.close()
        self._local = threading.local()
        self._readers = WeakSet()

    def _open_up(self) -> None:
        with self._gate:
            self._closing = False
            self._gate.notify_all()

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        with self._gate:
            while self._closing:
                self._gate.wait()
            self._active += 1
        try:
            yield
        finally:
            with self._gate:
                self._active -= 1
                if self._closing:
                    self._gate.notify_all()

    # -- opening --------------------------------------------------------------------------------------------------
    def _open_writer(self, timeout: float) -> Handle:
        handle = self._writer
        if handle is None or not self._in_place(handle):
            self._drop_writer()
            handle, _ = self._make_writer(timeout)
            self._writer = handle
        handle.wait_for_locks(timeout)
        return handle

    def _make_writer(self, timeout: float) -> tuple[Handle, list[str]]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # the log files take the same mode
        except OSError as error:
            raise StoreError(f"store: {self.path} cannot be opened for writing ({error.strerror})") from error
        handle = self._connect(timeout)
        connection = handle.connection
        _write_ahead(connection, timeout)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -8000")  # with the defaults, half of the time goes into moving pages
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("PRAGMA secure_delete = FAST")  # what was forgotten leaves no bytes behind
        connection.execute("PRAGMA journal_size_limit = 67108864")
        return handle, migrate(connection)

    def _open_reader(self, timeout: float) -> Handle:
        handle: Handle | None = getattr(self._local, "handle", None)
        if handle is None or not self._in_place(handle):
            if not self._write_lock.acquire(timeout=timeout):
                raise StoreError(f"store: {self.path.name} is being written to and cannot be opened")
            try:
                self._open_writer(timeout)  # makes and migrates it, if need be
            finally:
                self._write_lock.release()
            handle = self._connect(timeout)
            handle.connection.execute("PRAGMA query_only = ON")
            self._local.handle = handle
            self._readers.add(handle)
        handle.wait_for_locks(min(timeout, 5.0))
        return handle

    def _connect(self, timeout: float) -> Handle:
        before = _inode(self.path)
        connection = sqlite3.connect(self.path, timeout=timeout, isolation_level=None, check_same_thread=False)
        handle = Handle(connection, before or (0, 0))
        handle.wait_for_locks(timeout)
        return handle

    def _in_place(self, handle: Handle) -> bool:
        return handle.inode == _inode(self.path)

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _again(self, error: sqlite3.Error) -> bool:
        """After an error of the writer: True if a new connection may do better at once."""
        code = _code(error)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return False
        moved = self._writer is not None and not self._in_place(self._writer)
        self._drop_writer()
        return moved or (code == sqlite3.SQLITE_ERROR and "no such table" in str(error))

    def _trouble(self, error: sqlite3.Error) -> StoreError:
        return StoreError(f"store: {self.path.name}: {error}")


def _transaction(handle: Handle, work: Work[T], durable: bool) -> T:
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


def _write_ahead(connection: sqlite3.Connection, timeout: float) -> None:
    """Several processes that start at once: the switch to WAL does not wait for locks by itself."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@contextmanager
def _deadline(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > until, 2000)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
