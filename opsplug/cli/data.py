"""`opsplug data`: the store for people who ask it themselves, in Datasette, a notebook or SQL."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opsplug.cli import show
from opsplug.cli.app import json_option, with_engine
from opsplug.services.transfer.analysis_copy import write_analysis_copy
from opsplug.services.transfer.sqlite_tables import tables as tables_of

if TYPE_CHECKING:
    from opsplug.engine import Engine


@click.group("data")
def data() -> None:
    """Open the shop's data elsewhere: a tidy copy of the store, and what a shop's own SQLite file holds."""


@data.command("copy")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@json_option
@with_engine()
def copy(engine: "Engine", path: Path, json_: bool) -> None:
    """Write visitors, sessions, orders, lists, chats and items to a new SQLite file PATH, one row a thing.

    Foreign keys and full-text search are set: `datasette PATH` shows it. User ids are pseudonyms, as in the store; the
    file still tells about people, so only its owner may read it. It is a copy of this moment.
    """
    engine.flush()
    with show.progress() as says:
        counts = write_analysis_copy(engine.store, path, progress=lambda table, rows: says(f"Writing {table}", rows, 0))
    if json_:
        show.as_json({"path": str(path), "tables": counts})
    else:
        show.table(("table", "rows"), [(name, f"{rows:,}") for name, rows in counts.items()])
        show.note(f"written to {path}")


@data.command("tables")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def tables(path: Path, json_: bool) -> None:
    """List the tables and columns of a shop's own SQLite file, to be imported as PATH::TABLE."""
    found = tables_of(path)
    if json_:
        show.as_json(found)
    else:
        show.table(("table", "columns"), [(name, ", ".join(columns)) for name, columns in found.items()])
