"""`opsplug demo`, `init`, `status`, `doctor`, `migrate` and `worker`: running opsplug."""

import os
import signal
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from opsplug import reasons
from opsplug.cli import show
from opsplug.cli.app import FAILED, json_option, with_engine

if TYPE_CHECKING:
    from opsplug.engine import Engine
    from opsplug.services.doctor import Doctor

_MARKS = {"ok": "ok      ", "warning": "warning ", "problem": "PROBLEM "}


@click.command()
@click.option("--framework", type=click.Choice(["flask", "starlette"]), default="flask", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--folder", type=click.Path(file_okay=False), help="Where the demo keeps its data. [./opsplug-demo]")
@click.option("--open", "open_browser", is_flag=True, help="Open a browser.")
def demo(framework: str, port: int, host: str, folder: str | None, open_browser: bool) -> None:
    """A small real gift shop with opsplug in it, on real orders (UCI Online Retail)."""
    from opsplug.demo.run import run

    run(framework, port, host, folder, open_browser)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@json_option
def init(folder: Path, json_: bool) -> None:
    """Look at the shop in FOLDER and print the lines that add opsplug to it. Changes nothing."""
    from opsplug.cli.detect_framework import LINES, detect

    shops = detect(folder)
    writable = os.access(folder, os.W_OK)
    if json_:
        show.as_json({"shops": [{**asdict(shop), "lines": shop.lines} for shop in shops], "writable": writable})
        return
    for shop in shops:
        click.echo(f"# {shop.file} makes a {shop.framework} app; add there:\n{shop.lines}\n")
    if not shops:
        click.echo(f"No Flask, FastAPI or Starlette app was found in {folder.absolute()}. The lines are, for Flask:\n")
        click.echo(LINES["flask"].format(app="app") + "\n\nand for FastAPI and Starlette:\n")
        click.echo(LINES["starlette"].format(app="app") + "\n")
    if not writable:
        click.echo("This folder cannot be written: name another one for the data with OPSPLUG_STORE=sqlite:////PATH")
    click.echo("Keep these out of version control: opsplug.db*, opsplug.key, opsplug-models/, opsplug-spool/")


@click.command()
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True)
@json_option
@with_engine()
def status(engine: "Engine", days: int, json_: bool) -> None:
    """Events, visitors, orders, models and counters at a glance."""
    overview = engine.statistics.overview(days)
    models = [version for version in engine.statistics.models() if version.in_use]
    counts = engine.statistics.counts()
    told = {
        "store": engine.settings.store,
        "bytes": engine.statistics.size_bytes(),
        "days": days,
        "events": overview.total_events,
        "visitors": overview.visitors.now,
        "orders": overview.orders.now,
        "revenue": {currency: figure.now for currency, figure in overview.revenue.items()},
        "models": [{"name": version.name, "version": version.version, "about": version.about} for version in models],
        "counters": counts,
    }
    if json_:
        show.as_json(told)
        return
    click.echo(f"{told['store']}: {engine.statistics.size_bytes() / 1e6:.1f} MB, {overview.total_events:,} events")
    revenue = ", ".join(f"{figure.now:,.2f} {currency}" for currency, figure in overview.revenue.items() if figure.now)
    click.echo(
        f"last {days} days: {overview.visitors.now:,.0f} visitors, {overview.orders.now:,.0f} orders"
        + (f", {revenue}" if revenue else "")
    )
    for version in models:
        click.echo(f"model {version.name} {version.version}: {version.about.get('reason', '')}")
    if not models:
        click.echo("no model yet: opsplug train")
    if counts:
        found = [(name, f"{count:,}", _in_words(name)) for name, count in reasons.gravest_first(counts) if count]
        show.table(("counter", "count", "meaning"), found)


def _in_words(name: str) -> str:
    """What a counter means, and what to do where it costs something."""
    row = reasons.find(name)
    remedy = reasons.remedy(name, "en") if row is not None and row.severity != "info" else ""
    return f"{reasons.meaning(name, 'en')} {remedy}".strip()


@click.command()
@json_option
@with_engine(must_exist=False)
def doctor(engine: "Engine", json_: bool) -> None:
    """Check all that opsplug needs, and say what to do about what is wrong. Exit code 1: something is."""
    found = _doctor(engine).examine()
    problems = [finding for finding in found if finding.state == "problem"]
    if json_:
        show.as_json({"ok": not problems, "checks": [asdict(finding) for finding in found]})
    else:
        for finding in found:
            click.echo(f"{_MARKS[finding.state]}{finding.name}: {finding.detail}")
            if finding.remedy:
                click.echo(f"          -> {finding.remedy}")
    if problems:
        sys.exit(FAILED)


def _doctor(engine: "Engine") -> "Doctor":
    from opsplug.engine.parts import KEY_FILE
    from opsplug.services.doctor import Doctor

    return Doctor(
        engine.settings,
        lambda: engine.store,
        lambda: engine.artefacts,
        engine.spool,
        engine.settings.folder / KEY_FILE,
    )


@click.command()
@json_option
@with_engine(must_exist=False)
def migrate(engine: "Engine", json_: bool) -> None:
    """Bring the store's schema up to date (workers do it by themselves when they start)."""
    applied = engine.store.migrate()
    if json_:
        show.as_json({"applied": applied})
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "The store is up to date.")


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, store what waits in the spool, and end (for cron).")
@with_engine(must_exist=False)
def worker(engine: "Engine", once: bool) -> None:
    """Train on schedule and store spooled events without a web server, until SIGTERM or Ctrl-C.

    Any number of workers may run beside the shop's: a lease lets each job run once.
    """
    if once:
        _work_once(engine)
        return
    stop = threading.Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_stop)
    engine.start()
    show.note(f"Working on {engine.settings.store}; stop with SIGTERM or Ctrl-C.")
    stop.wait()
    show.note("Stopping.")


def _work_once(engine: "Engine") -> None:
    """Every job that is due, one after the other."""
    drained = engine.spool.drain(lambda events: engine.store.add_events(events, durable=True))
    if drained:
        show.note(f"{drained:,} spooled events stored")
    runner, polls = engine.schedule.runner, 0
    with show.sentences() as say:
        while polls < 20:
            runner.poll()
            polls += 1
            if runner.wait(0):
                break
            say("A job is running")
            while not runner.wait(5):
                runner.poll()  # renews the lease
                time.sleep(0.1)
