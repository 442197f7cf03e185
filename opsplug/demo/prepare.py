"""What happens beside the open shop: its catalogue and past orders go into opsplug, and the models are trained."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from opsplug.demo.history import BATCH, History, import_orders
from opsplug.demo.shop import Shop, catalogue_records
from opsplug.demo.texts import LANGUAGES, questions


class StoppedError(Exception):
    """The demonstration was interrupted while it prepared."""


def prepare(shop: Shop, history: History, console: Console, stop: threading.Event) -> None:
    """Catalogue, help texts, past orders, models; says what it does. Ends early when `stop` is set."""
    engine = shop.engine
    try:
        engine.catalog.upsert(catalogue_records(shop.catalogue))
        if hasattr(engine, "chat"):
            for language in LANGUAGES:
                engine.chat.knowledge.upsert(questions(language))
        _import(shop, history, console, stop)
        _train(shop, console)
    except StoppedError:
        console.print("Stopped before the shop had learned everything; the next start goes on.")


def _import(shop: Shop, history: History, console: Console, stop: threading.Event) -> None:
    orders = list(history.orders())
    with _progress(console, "Importing past orders", len(orders)) as advance:

        def progress(count: int) -> None:
            if stop.is_set():
                raise StoppedError
            advance(count)

        import_orders(shop.engine, orders, progress)
    last = f"{orders[-1].at:%A %d %B %Y}" if orders else "never"
    console.print(
        f"The shop knows {len(orders):,} past orders. The last is of {last}: moved by {shop.weeks} whole weeks."
    )


def _train(shop: Shop, console: Console) -> None:
    console.print("Learning what is bought together ...")
    began = time.monotonic()
    reports = shop.engine.train()
    chosen = [report.name for report in reports if report.promoted]
    console.print(
        f"Learned in {time.monotonic() - began:.0f} s: {', '.join(chosen) or 'nothing better than before'}. "
        "[bold]The shop now recommends.[/bold]"
    )


@contextmanager
def _progress(console: Console, title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, a line each fifth of the way elsewhere."""
    if not console.is_terminal:
        step = max(1, total // 5)

        def line(count: int) -> None:
            if count % step < BATCH:
                console.print(f"{title}: {count:,} of {total:,}")

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.update(task, completed=count)
