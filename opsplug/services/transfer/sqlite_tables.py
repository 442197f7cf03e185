"""Tables of a shop's own SQLite file, read with sqlite-utils and never written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from opsplug.services.transfer.errors import TransferError

if TYPE_CHECKING:
    from sqlite_utils import Database

MAGIC: Final = b"SQLite format 3\x00"


def tables(path: Path) -> dict[str, list[str]]:
    """Tables and views of the file with their columns, in the order of their names; full-text indexes are left out."""
    with _opened(path) as database:
        names = sorted({*database.table_names(), *database.view_names()})
        indexes = [name for name in names if name.endswith("_fts")]
        return {
            name: [column.name for column in database[name].columns]
            for name in names
            if not any(name == index or name.startswith(f"{index}_") for index in indexes)
        }


def read_table(path: Path, table: str, *, columns: dict[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a table or view as dicts, one at a time, without NULLs and without binary values.

    `columns` (ours -> theirs) chooses and renames; without it all are given under their own names. `TransferError`
    names the tables, or the columns, that are there.
    """
    known = tables(path)
    if table not in known:
        raise TransferError(f"{path}: there is no table {table!r}; there are {', '.join(known) or 'none'}")
    names = columns or {name: name for name in known[table]}
    for theirs in names.values():
        if theirs not in known[table]:
            raise TransferError(f"{path}: {table} has no column {theirs!r}; it has {', '.join(known[table])}")
    with _opened(path) as database:
        for row in database[table].rows:
            found = {ours: row[theirs] for ours, theirs in names.items()}
            yield {name: value for name, value in found.items() if value is not None and not isinstance(value, bytes)}


@contextmanager
def _opened(path: Path) -> Iterator[Database]:
    from sqlite_utils import Database

    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise TransferError(f"{path}: this is no SQLite file")
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            yield Database(connection, execute_plugins=False)
    except FileNotFoundError:
        raise TransferError(f"{path}: there is no such file") from None
    except (OSError, sqlite3.Error) as error:
        raise TransferError(f"{path}: cannot be read ({error})") from error
