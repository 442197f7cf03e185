"""`opsplug knowledge`: the questions that the support chat knows the answers to."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opsplug.cli import show
from opsplug.cli.app import FAILED, json_option, with_engine
from opsplug.services.chat_entries import KnowledgeError
from opsplug.services.chat_knowledge import Knowledge
from opsplug.services.transfer import BadRowError, open_rows

if TYPE_CHECKING:
    from opsplug.engine import Engine


@click.group()
def knowledge() -> None:
    """List, import and remove the answers of the support chat."""


@knowledge.command("list")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Only this language.")
@json_option
@with_engine()
def list_entries(engine: "Engine", language: str | None, json_: bool) -> None:
    """All entries by language and id."""
    entries = Knowledge(engine.store).all(language)
    if json_:
        show.as_json([asdict(entry) for entry in entries])
    elif entries:
        show.table(
            ("id", "language", "question", "version"), [(e.id, e.language, e.question, e.version) for e in entries]
        )
    else:
        click.echo("The chat knows nothing yet: opsplug knowledge import FILE")


@knowledge.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@with_engine(must_exist=False)
def import_entries(engine: "Engine", path: Path, json_: bool) -> None:
    """Add or replace entries: CSV or JSON lines with id, question, answer; also language, valid_from, valid_until."""
    known = Knowledge(engine.store)
    changed, bad = 0, []
    for number, record in _records(path):
        try:
            if isinstance(record, BadRowError):
                raise record
            changed += known.upsert([record])
        except (BadRowError, KnowledgeError) as error:
            bad.append((number, str(error)))
    if json_:
        show.as_json({"changed": changed, "bad": [{"line": number, "why": why} for number, why in bad]})
    else:
        click.echo(f"{changed:,} entries added or changed, {len(bad):,} bad lines")
        for number, why in bad[:20]:
            click.echo(f"  line {number}: {why}")
    if bad and not changed:
        sys.exit(FAILED)


@knowledge.command("remove")
@click.argument("entry_id")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Only in this language.")
@with_engine()
def remove_entry(engine: "Engine", entry_id: str, language: str | None) -> None:
    """Forget an entry."""
    if not Knowledge(engine.store).remove(entry_id, language):
        raise KnowledgeError(f"knowledge: there is no entry {entry_id!r}; `opsplug knowledge list` shows them")
    click.echo(f"{entry_id} is forgotten")


def _records(path: Path) -> Iterator[tuple[int, Any]]:
    with open_rows(path) as rows:
        yield from rows.records
