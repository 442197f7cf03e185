"""Applies the numbered files of migrations/<dialect>/: each with its record in one exclusive transaction."""

import sqlite3
import time
from pathlib import Path

from opsplug import resources
from opsplug.errors import StoreError
from opsplug.store import queries


def pending(folder: Path, applied: set[str]) -> list[Path]:
    return [path for path in sorted(folder.glob("*.sql")) if path.stem not in applied]


def migrate_sqlite(connection: sqlite3.Connection) -> list[str]:
    """Apply what is pending. Several processes may call this at once: BEGIN IMMEDIATE lets one of them go first.

    A failed step is rolled back with its record and stays pending.
    """
    folder = resources.folder("migrations") / "sqlite"
    done: list[str] = []
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(queries.MIGRATIONS_TABLE)
            applied = {name for (name,) in connection.execute(queries.APPLIED_MIGRATIONS)}
            waiting = pending(folder, applied)
            if waiting:
                for statement in _statements(waiting[0].read_text(encoding="utf-8")):
                    connection.execute(statement)
                record = {"name": waiting[0].stem, "applied_at": int(time.time() * 1000)}
                connection.execute(queries.RECORD_MIGRATION, record)
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and "waiting" in locals() and waiting:
                raise StoreError(f"migration {waiting[0].stem} failed and was rolled back: {error}") from error
            raise
        if not waiting:
            return done
        done.append(waiting[0].stem)


def _statements(script: str) -> list[str]:
    """Single statements: `executescript` would commit the transaction that they must share."""
    found: list[str] = []
    current = ""
    for line in script.splitlines():
        current += line + "\n"
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return found
