"""`opsplug knowledge`: the questions that the support chat knows the answers to."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opsplug.cli import show
from opsplug.cli.app import FAILED, json_option, with_engine
from opsplug.services.chat.conversation_log import ConversationLog
from opsplug.services.chat.knowledge.checks import check
from opsplug.services.chat.knowledge.entries import KnowledgeError
from opsplug.services.chat.knowledge.importing import Source, loopback, read_markdown, read_pages, suggest_from_chats
from opsplug.services.chat.knowledge.knowledge import Knowledge
from opsplug.services.transfer.importer import BadRowError, open_rows

if TYPE_CHECKING:
    from opsplug.engine import Engine

_CHATS = 100_000  # of the newest, that suggestions are made of


@click.group()
def knowledge() -> None:
    """List, import, check and remove the answers of the support chat."""


@knowledge.command("list")
@click.option("--language", metavar="TAG", help="Only this language.")
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
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--page", "pages", multiple=True, metavar="PATH", help="A help page of the shop, as /help; repeatable.")
@click.option("--shop", default="http://127.0.0.1:5000", show_default=True, help="Where on this machine the shop runs.")
@click.option("--language", metavar="TAG", help="Language of Markdown that does not name its own.")
@json_option
@with_engine(must_exist=False)
def import_entries(
    engine: "Engine", files: tuple[Path, ...], pages: tuple[str, ...], shop: str, language: str | None, json_: bool
) -> None:
    """Add or replace entries from FILES and the shop's own help pages.

    CSV and JSON lines have id, question, answer; also language, url, valid_from, valid_until, also (ways to ask, with |
    between). In Markdown each heading, or line "Q:", asks what the text below it answers.
    """
    if not files and not pages:
        raise click.UsageError("Give FILES, or --page PATH with the shop running.")
    known = Knowledge(engine.store)
    changed, bad = 0, list[tuple[int | str, str]]()
    for where, record in _all_records(files, pages, shop, language):
        try:
            if isinstance(record, BadRowError):
                raise record
            changed += known.upsert([record])
        except (BadRowError, KnowledgeError) as error:
            bad.append((where, str(error)))
    if json_:
        show.as_json({"changed": changed, "bad": [{"line": where, "why": why} for where, why in bad]})
    else:
        click.echo(f"{changed:,} entries added or changed, {len(bad):,} bad lines")
        for where, why in bad[:20]:
            click.echo(f"  {f'line {where}' if isinstance(where, int) else where}: {why}")
    if bad and not changed:
        sys.exit(FAILED)


@knowledge.command("check")
@json_option
@with_engine()
def check_entries(engine: "Engine", json_: bool) -> None:
    """Contradictions, duplicates, expired entries, missing translations, answers too long for a chat.

    Exit code 1 when there is a contradiction or an expired entry.
    """
    problems = check(Knowledge(engine.store).all(), datetime.now(UTC).date().isoformat())
    if json_:
        show.as_json([problem._asdict() for problem in problems])
    elif problems:
        show.table(("problem", "id", "language", "what"), list(problems))
    else:
        click.echo("Nothing is wrong with the knowledge.")
    if any(problem.kind in ("contradiction", "expired") for problem in problems):
        sys.exit(FAILED)


@knowledge.command("suggestions")
@json_option
@with_engine()
def list_suggestions(engine: "Engine", json_: bool) -> None:
    """What may become an entry: answers that people gave in closed chats, and questions without an answer."""
    known, conversations = Knowledge(engine.store), ConversationLog(engine.store)
    closed = [line["conversation_id"] for line in conversations.overview(_CHATS) if line["state"] == "closed"]
    suggest_from_chats(known, conversations, closed)
    found = known.suggestions()
    if json_:
        show.as_json([asdict(one) for one in found])
    elif found:
        show.table(("id", "language", "question", "answer"), [(s.id, s.language, s.question, s.answer) for s in found])
        click.echo("Make one an entry with: opsplug knowledge approve ID --by NAME")
    else:
        click.echo("There are no suggestions.")


@knowledge.command("approve")
@click.argument("suggestion_id")
@click.option("--by", required=True, metavar="NAME", help="Who approves it.")
@click.option("--question", metavar="TEXT", help="Your own wording of the question.")
@click.option("--answer", metavar="TEXT", help="Your own wording of the answer.")
@click.option("--entry", "entry_id", metavar="ID", help="An entry that this is another way to ask.")
@with_engine()
def approve_suggestion(
    engine: "Engine", suggestion_id: str, by: str, question: str | None, answer: str | None, entry_id: str | None
) -> None:
    """Make a suggestion an entry."""
    known = Knowledge(engine.store)
    entry = known.approve(suggestion_id, by, question=question, answer=answer, entry_id=entry_id)
    click.echo(f"{entry.id} ({entry.language}, version {entry.version}): {entry.question}")


@knowledge.command("reject")
@click.argument("suggestion_id")
@click.option("--by", required=True, metavar="NAME", help="Who rejects it.")
@with_engine()
def reject_suggestion(engine: "Engine", suggestion_id: str, by: str) -> None:
    """Close a suggestion; the same is not suggested again."""
    click.echo(f"rejected: {Knowledge(engine.store).reject(suggestion_id, by).question}")


@knowledge.command("remove")
@click.argument("entry_id")
@click.option("--language", metavar="TAG", help="Only in this language.")
@with_engine()
def remove_entry(engine: "Engine", entry_id: str, language: str | None) -> None:
    """Forget an entry."""
    if not Knowledge(engine.store).remove(entry_id, language):
        raise KnowledgeError(f"knowledge: there is no entry {entry_id!r}; `opsplug knowledge list` shows them")
    click.echo(f"{entry_id} is forgotten")


def _all_records(
    files: tuple[Path, ...], pages: tuple[str, ...], shop: str, language: str | None
) -> Iterator[tuple[int | str, Any]]:
    for path in files:
        if path.suffix.lower() in (".md", ".markdown"):
            text = path.read_text(encoding="utf-8")
            yield from ((path.name, entry) for entry in read_markdown(text, Source(path.stem, language=language or "")))
        else:
            with open_rows(path) as rows:
                yield from rows.records
    for path_, entries in read_pages(pages, loopback(shop)) if pages else ():
        yield from ((path_, entry) for entry in entries)
