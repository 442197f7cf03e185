"""What happens beside the open shop: its catalogue and past orders go into opsplug, and the models are trained.

`python -m opsplug.demo.prepare FOLDER` does it in a process of its own, so that the shop's pages stay quick meanwhile.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from opsplug import Engine, OpsPlugError, __version__
from opsplug.demo.catalogue import Catalogue
from opsplug.demo.history import BATCH, History, import_orders
from opsplug.demo.opening import settings
from opsplug.demo.shop import catalogue_records
from opsplug.demo.texts import LANGUAGES, questions

INSIGHT = ("series", "findings", "forecasts", "propensity", "profiles", "fairness")  # what fills the stats pages
STEPS = 5  # lines that tell of the import where there is no terminal for a bar


def prepare(engine: Engine, history: History, console: Console) -> None:
    """Catalogue, help texts, past orders, models; says what it does. Done again, it doubles nothing."""
    engine.catalog.upsert(catalogue_records(Catalogue.load()))
    if hasattr(engine, "chat"):
        for language in LANGUAGES:
            engine.chat.knowledge.upsert(questions(language))
    orders = list(history.orders())
    with _progress(console, "Importing past orders", len(orders)) as progress:
        import_orders(engine, orders, progress)
    last = f"{orders[-1].at:%A %d %B %Y}" if orders else "never"
    console.print(f"{len(orders):,} past orders, moved by {history.weeks} whole weeks; the last is of {last}.")
    _train(engine, console)


def _train(engine: Engine, console: Console) -> None:
    console.print("Learning what is bought together (a minute or two) ...")
    began = time.monotonic()
    for report in engine.train():
        verdict = "in use now" if report.promoted else "not better than the one in use"
        console.print(f"Model {report.name}: {verdict} ({report.reason}).")
    console.print(f"The shop now recommends: it learned for {time.monotonic() - began:.0f} s.")
    console.print("Looking at what the past orders say (another minute) ...")
    for report in engine.train(INSIGHT):
        console.print(f"Model {report.name}: {report.reason}.")
    console.print("The stats pages are filled.")


@contextmanager
def _progress(console: Console, title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, some lines elsewhere."""
    if not console.is_terminal:

        def line(count: int) -> None:
            if count % max(1, total // STEPS) < BATCH:
                console.print(f"{title}: {count:,} of {total:,}")

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.update(task, completed=count)


def learned_today(folder: Path, history: History) -> bool:
    """Whether an earlier start of this day, and of this version, did all of it."""
    return (folder / "opsplug.db").exists() and _note(folder).exists() and _note(folder).read_text() == _mark(history)


def _note(folder: Path) -> Path:
    return folder / "learned.txt"


def _mark(history: History) -> str:
    return f"opsplug {__version__}, orders until {history.today}"


def main() -> int:
    folder = Path(sys.argv[1])
    console = Console(highlight=False, soft_wrap=True)
    history = History.open(folder)
    if learned_today(folder, history):
        console.print("The shop now recommends: it learned from its past orders earlier today.")
        return 0
    if hasattr(os, "nice"):
        os.nice(10)
    engine = Engine(**settings(folder))
    try:
        prepare(engine, history, console)
        _note(folder).write_text(_mark(history))
    except OpsPlugError as error:
        console.print(f"The shop goes on without having learned: {error}")
        return 1
    except KeyboardInterrupt:
        console.print("Stopped before everything was learned; the next start does it.")
        return 1
    finally:
        engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
