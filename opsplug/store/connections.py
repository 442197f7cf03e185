"""Connections of one process to one SQLite file: one writes, each thread reads through its own.

A connection never outlives a fork, nor the file it was opened on: a database that was deleted or replaced is noticed by
its inode (a write into an unlinked file would succeed and be lost) and opened, made and migrated again.
"""

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from weakref import WeakSet

from opsplug.errors import StoreError
from opsplug.store import fork
from opsplug.store.handle import (
    CORRUPT,
    Handle,
    T,
    Work,
    alone_in,
    code_of,
    deadline,
    inode_of,
    transaction,
    write_ahead,
)
from opsplug.store.migrate import migrate
from opsplug.store.rebuild import rebuild

log = logging.getLogger("opsplug")
_ATTEMPTS: Final = 3
_REBUILD_PATIENCE: Final = 30.0
_FORK_PATIENCE: Final = 2.0  # seconds that a fork waits for reads and writes under way
_MAY_BE_REPLACED: Final = CORRUPT | {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_READONLY}
_abandoned: list[Handle] = []  # a parent's: never used and never closed in a child, which would break its locks


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
        self._damaged: tuple[int, int] | None = None  # the file in which a corrupt page was met

    # -- use ------------------------------------------------------------------------------------------------------
    def write(self, work: Work[T], *, durable: bool = False, timeout: float = 5.0) -> T:
        """One transaction: BEGIN IMMEDIATE, work, COMMIT; nothing is stored when `work` raises."""
        with self._in_use():
            if not self._write_lock.acquire(timeout=timeout):
                raise StoreError(f"store: another thread has been writing {self.path.name} for {timeout:g} s")
            try:
                for _ in range(_ATTEMPTS):
                    try:
                        self._rebuild_damaged()
                        handle = self._open_writer(timeout)
                        result = transaction(handle, work, durable)
                    except sqlite3.Error as error:
                        if not self._again(error):
                            raise self._trouble(error) from error
                        continue
                    except OSError as error:
                        raise self._trouble(error) from error
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
                    with deadline(handle.connection, timeout):
                        return work(handle.connection)
                except sqlite3.Error as error:
                    self._local.handle = None
                    code = code_of(error)
                    if attempt == _ATTEMPTS - 1 or code not in _MAY_BE_REPLACED:
                        if code in CORRUPT:
                            self._damaged = inode_of(self.path)  # the next write rebuilds it
                        raise self._trouble(error) from error
                except OSError as error:  # the folder has gone, or is not ours to read
                    raise self._trouble(error) from error
            raise AssertionError("unreachable")

    def checkpoint(self, timeout: float = 5.0) -> None:
        """Move the log into the file and empty it, unless a reader needs it still."""
        with self._in_use(), self._write_lock:
            try:
                self._open_writer(timeout).connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except (sqlite3.Error, OSError) as error:
                raise self._trouble(error) from error

    def prepare(self) -> list[str]:
        """Make and migrate the database if need be; -> names of the migrations applied."""
        with self._in_use(), self._write_lock:
            self._drop_writer()
            try:
                handle, applied = self._make_writer(5.0)
            except (sqlite3.Error, OSError) as error:
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
        _abandoned.extend(handle for handle in (self._writer, *self._readers) if handle is not None)
        self._reset()

    def _shut(self, patience: float) -> None:
        """Admit nobody, wait for those inside, close everything."""
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
            with alone_in(self.path.parent, max(timeout, 1.0)):
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # the log files take the same mode
                handle = self._connect(timeout)
                connection = handle.connection
                write_ahead(connection, timeout)
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA cache_size = -8000")  # the defaults spend half the time on moving pages
                connection.execute("PRAGMA wal_autocheckpoint = 4000")
                connection.execute("PRAGMA secure_delete = ON")  # what was forgotten leaves no bytes behind
                connection.execute("PRAGMA journal_size_limit = 67108864")
                return handle, migrate(connection)
        except OSError as error:
            raise StoreError(f"store: {self.path} cannot be opened for writing ({error.strerror})") from error

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
        before = inode_of(self.path)
        connection = sqlite3.connect(self.path, timeout=timeout, isolation_level=None, check_same_thread=False)
        handle = Handle(connection, before or (0, 0))
        handle.wait_for_locks(timeout)
        return handle

    def _in_place(self, handle: Handle) -> bool:
        return handle.inode == inode_of(self.path)

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _again(self, error: sqlite3.Error) -> bool:
        """After an error of the writer: True if a new connection may do better at once."""
        code = code_of(error)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return False
        moved = self._writer is not None and not self._in_place(self._writer)
        self._drop_writer()
        if code in CORRUPT and not moved:
            self._damaged = inode_of(self.path)
            return True
        return moved or (code == sqlite3.SQLITE_ERROR and "no such table" in str(error))

    def _rebuild_damaged(self) -> None:
        """What can be read of a corrupt file goes into a new one; the corrupt one is kept beside it."""
        if self._damaged is None:
            return
        self._drop_writer()
        with alone_in(self.path.parent, _REBUILD_PATIENCE):
            if self._damaged == inode_of(self.path):  # else another process has done it
                rebuild(self.path)
        self._damaged = None

    def _trouble(self, error: sqlite3.Error | OSError) -> StoreError:
        if isinstance(error, OSError):
            return StoreError(f"store: {self.path}: {error.strerror or error}")
        return StoreError(f"store: {self.path.name}: {error}")
