"""`opsplug why`: what becomes of one event, and at which gate."""

import sys
from typing import IO, TYPE_CHECKING, Any, Final

import click
import msgspec

from opsplug import locales, reasons
from opsplug.cli import show
from opsplug.cli.app import FAILED, json_option, with_engine

if TYPE_CHECKING:
    from opsplug.engine import Engine
    from opsplug.engine.event_trace import EventTrace, Posted

_LANGUAGE: Final = "en"
_MARKS: Final = {"passed": "ok       ", "changed": "CHANGED  ", "stopped": "STOPPED  ", "not_reached": "-        "}


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--event", "event_id", metavar="ID", help="An event that is stored already, by its id.")
@click.option("--consent", type=click.Choice(["yes", "no", "unasked"]), default="unasked", show_default=True)
@click.option("--agent", metavar="TEXT", help="The browser's User-Agent.  [a browser's]")
@click.option("--origin", metavar="ADDRESS", help="The Origin header, such as https://shop.example.")
@click.option("--host", metavar="NAME", default="shop.example", show_default=True, help="The shop's own host.")
@click.option("--track", is_flag=True, help="As the shop's own code reports it, by engine.track.")
@json_option
@with_engine(must_exist=False)
def why(engine: "Engine", file: IO[bytes], event_id: str | None, json_: bool, **sent: Any) -> None:
    """Say what becomes of an event, gate by gate, and why. FILE holds its JSON, as a page posts it; - is stdin.

    The event goes through the shop's own code with these settings (OPSPLUG_NAME) and is stored nowhere. With several
    events in FILE each goes by itself. Exit code 1: one of them is not stored.
    """
    from opsplug.engine.event_trace import trace, trace_stored

    if event_id is not None:
        found = trace_stored(engine, event_id, _LANGUAGE)
        traces = [found] if found is not None else []
    else:
        traces = [trace(engine, posted, _LANGUAGE) for posted in _posted(file.read(), **sent)]
    if json_:
        show.as_json(
            {"events": [{"stored": one.kept is not None, "steps": one.steps, "event": one.kept} for one in traces]}
        )
    else:
        for one in traces:
            _print(one)
        if not traces:
            _print_missing(engine, event_id or "")
    if not traces or any(one.kept is None for one in traces):
        sys.exit(FAILED)


def _posted(
    body: bytes, *, consent: str, agent: str | None, origin: str | None, host: str, track: bool
) -> list["Posted"]:
    from opsplug.engine.event_trace import Posted

    headers = {"host": host, **({"user-agent": agent} if agent else {}), **({"origin": origin} if origin else {})}
    answer = {"yes": True, "no": False}.get(consent)
    bodies = [body] if track else _one_by_one(body)
    return [Posted(one, headers, answer, from_server=track) for one in bodies]


def _one_by_one(body: bytes) -> list[bytes]:
    """A body of several events as one body each; an event alone gets its envelope."""
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [body]  # refused as it stands
    if isinstance(given, dict) and "event" in given:
        given = {"events": [given]}
    if not isinstance(given, dict) or not isinstance(given.get("events"), list) or len(given["events"]) < 2:
        return [msgspec.json.encode(given)]
    return [msgspec.json.encode({**given, "events": [event]}) for event in given["events"]]


def _print(found: "EventTrace") -> None:
    texts = locales.words("why", _LANGUAGE)
    for step in found.steps:
        click.echo(f"{_MARKS[step.state]}{step.gate}: {step.text}")
        if step.reason:
            click.echo(f"           {step.reason}{f' -> {step.remedy}' if step.remedy else ''}")
    if found.kept is None:
        click.echo(texts["lost"])
    else:
        from opsplug.events import AUDIENCES

        click.echo(texts["kept"].format(event=found.kept.event, audience=AUDIENCES[found.kept.audience]))


def _print_missing(engine: "Engine", event_id: str) -> None:
    """Not in the store: it waits, or one of the reasons that are counted has taken it."""
    texts = locales.words("why", _LANGUAGE)
    if any(event_id.encode() in path.read_bytes() for path in engine.spool.waiting()):
        click.echo(texts["spooled"])
        return
    click.echo(texts["not_found"].format(event_id=event_id))
    path = engine.settings.store_path
    counts = engine.store.counts() if path is None or path.exists() else {}
    found = [(name, count) for name, count in counts.items() if _takes_events(name) and count]
    if found:
        click.echo(texts["counted"])
        show.table(("reason", "count", "meaning"), [(n, f"{c:,}", reasons.meaning(n, _LANGUAGE)) for n, c in found])


def _takes_events(name: str) -> bool:
    row = reasons.find(name)
    return row is not None and bool(row.gate) and row.outcome in ("refused", "dropped")
