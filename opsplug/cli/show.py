"""What commands print: results on stdout (a table, or JSON for machines), everything else on stderr."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

import click
import msgspec
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

_QUIET_SECONDS: Final = 2.0  # between two lines of progress where there is no terminal
_PIPE_WIDTH: Final = 160
_PHASES: Final = {"read": "Reading", "group": "Putting orders together", "store": "Storing"}


def as_json(value: Any) -> None:
    """One JSON document on stdout."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A plain table on stdout; columns of numbers are set to the right."""
    listed = [[str(cell) for cell in row] for row in rows]
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for place, header in enumerate(headers):
        numeric = bool(listed) and all(_is_number(row[place]) for row in listed)
        shown.add_column(header, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        shown.add_row(*row)
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(highlight=False, markup=False, width=width).print(shown)


def note(text: str) -> None:
    """A sentence for people, on stderr so that it never gets into a pipe."""
    click.echo(text, err=True)


class Says(Protocol):
    """Tells how far something is: phase, done, and in all (0: unknown)."""

    def __call__(self, phase: str, done: int, total: int) -> None: ...


@contextmanager
def progress() -> Iterator[Says]:
    """A bar on a terminal; elsewhere a line every two seconds, so that a log tells what takes so long."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[shown]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def says(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                for task in tasks.values():
                    bars.update(task, visible=False)
                tasks[phase] = bars.add_task(_PHASES.get(phase, phase), total=total or None, shown="")
            shown = f"{done / total:.0%}" if total else f"{done:,}"
            bars.update(tasks[phase], completed=done, total=total or None, shown=shown)

        yield says


@contextmanager
def sentences() -> Iterator[Any]:
    """A callable for sentences of progress: a spinner on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield note
        return
    with Console(stderr=True).status("Working") as status:
        yield lambda text: status.update(text)


class _Lines:
    def __init__(self) -> None:
        self._next = time.monotonic() + _QUIET_SECONDS

    def __call__(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _QUIET_SECONDS
            note(f"{_PHASES.get(phase, phase)}: {f'{done / total:.0%}' if total else f'{done:,}'}")


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "", 1).replace("%", "").lstrip("-").isdecimal() or text == ""
