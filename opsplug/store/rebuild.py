"""A corrupt SQLite file is moved aside, and what can be read of it goes into a new one under the old name."""

import logging
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec

from opsplug.store import queries
from opsplug.store.migrate import migrate

log = logging.getLogger("opsplug")
_JSON = {"events": (12, 13), "items": (1,), "documents": (2,)}  # columns that later readers decode
_decode = msgspec.json.Decoder().decode


def rebuild(path: Path) -> Path:
    """-> where the corrupt file now is. The caller sees to it that nobody opens the database meanwhile.

    Who has it open already cannot commit while rows are copied; afterwards they notice that it was replaced. Rows on
    a corrupt page are lost, and those on pages that only it leads to; everything else is copied.
    """
    fresh = path.with_name(f"{path.name}.rebuilding")
    aside = path.with_name(f"{path.name}.corrupt-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    fresh.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(_open(fresh)) as new, closing(_open(path)) as old:
            migrate(new)
            with suppress(sqlite3.DatabaseError):  # not even that can be read of it
                old.execute("BEGIN IMMEDIATE")
            new.execute("BEGIN")
            rows = {table: _copy(old, new, table, key) for table, key in queries.TABLES.items()}
            new.execute(queries.ADD_COUNT, {"name": "store_rebuilt", "n": 1})
            new.execute("COMMIT")
            path.rename(aside)  # before the old connection closes: SQLite then leaves the log files to us
            for end in ("-wal", "-shm"):
                with suppress(FileNotFoundError):
                    path.with_name(path.name + end).rename(aside.with_name(aside.name + end))
        fresh.rename(path)
    finally:
        fresh.unlink(missing_ok=True)
    log.critical("opsplug: %s was corrupt: it is kept as %s, and %s could be copied", path, aside.name, rows)
    return aside


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=5.0, isolation_level=None)


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str, key: str) -> int:
    copied = 0
    for row in _rows(old, table, key):
        if _readable(row, _JSON.get(table, ())):
            sql = queries.COPY_ROW.format(table=table, marks=", ".join("?" * len(row)))
            with suppress(sqlite3.IntegrityError, sqlite3.DataError):
                copied += new.execute(sql, row).rowcount
    return copied


def _rows(old: sqlite3.Connection, table: str, key: str) -> Iterator[Sequence[Any]]:
    """Upwards until a bad page, then downwards until it or what was read already."""
    reached: Any = None
    try:
        for found, *row in old.execute(queries.READ_UP.format(table=table, key=key)):
            yield row
            reached = found
        return
    except sqlite3.DatabaseError as error:
        log.error("opsplug: a corrupt page in %s after %r: %s", table, reached, error)
    with suppress(sqlite3.DatabaseError):
        for found, *row in old.execute(queries.READ_DOWN.format(table=table, key=key)):
            if reached is not None and found <= reached:
                return
            yield row


def _readable(row: Sequence[Any], columns: Sequence[int]) -> bool:
    try:
        return all(row[column] is None or _decode(row[column]) is not None for column in columns)
    except (msgspec.DecodeError, TypeError):
        return False
