"""Numbered SQL files, each applied with its record in one exclusive transaction."""

import sqlite3
import time
from collections.abc import Iterator
from functools import cache

from opsplug import resources
from opsplug.errors import StoreError
from opsplug.store import queries


@cache
def migrations(dialect: str) -> tuple[tuple[int, str, str], ...]:
    """(number, name, text) of migrations/<dialect>/NNNN_name.sql, in order."""
    found = []
    for path in sorted((resources.folder("migrations") / dialect).glob("[0-9]*.sql")):
        number, _, name = path.stem.partition("_")
        found.append((int(number), name, path.read_text("utf-8")))
    if not found:
        raise StoreError("The migrations are missing from this installation; install opsplug again.")
    return tuple(found)


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Apply what is pending; -> the names applied. A failed file leaves nothing behind and stays pending."""
    known = migrations("sqlite")
    newest = _newest(connection)
    if newest > known[-1][0]:
        raise StoreError(
            f"store: the database is of a newer opsplug (migration {newest}, this one knows {known[-1][0]}); upgrade."
        )
    applied = []
    for number, name, text in known:
        if number <= newest:
            continue
        connection.execute("BEGIN EXCLUSIVE")
        try:
            if number > _newest(connection):  # another process may have been first
                for statement in _statements(text):
                    connection.execute(statement)
                connection.execute(queries.CREATE_MIGRATIONS)
                record = {"number": number, "name": name, "now": int(time.time() * 1000)}
                connection.execute(queries.ADD_MIGRATION, record)
                applied.append(f"{number:04d}_{name}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return applied


def _newest(connection: sqlite3.Connection) -> int:
    if connection.execute(queries.HAS_MIGRATIONS).fetchone() is None:
        return 0
    return int(connection.execute(queries.NEWEST_MIGRATION).fetchone()[0])


def _statements(text: str) -> Iterator[str]:
    """`executescript` would commit first; so the statements are split here."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
