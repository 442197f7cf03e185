"""`opsplug import` and `opsplug export`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from opsplug.cli import show
from opsplug.cli.app import FAILED, json_option, with_engine
from opsplug.errors import SettingsError
from opsplug.services.transfer import importer as transfer
from opsplug.services.transfer.importer import ImportReport
from opsplug.services.transfer.reader import TABLE_OF

if TYPE_CHECKING:
    from opsplug.engine import Engine


class _RowsFile(click.Path):
    """A file of rows that is there, or a table of one, named as shop.db::products."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        file, separator, _ = str(value).rpartition(TABLE_OF)
        if separator and not Path(str(value)).exists():
            super().convert(file, param, ctx)
            return Path(str(value))
        return super().convert(value, param, ctx)


_FILE = _RowsFile(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.option("--events", type=_FILE, help="Views, carts, orders: CSV or JSON lines, also gzipped; shop.db::TABLE.")
@click.option("--items", type=_FILE, help="The catalogue: item_id and any catalogue field; shop.db::TABLE.")
@click.option("--map", "pairs", multiple=True, metavar="OURS=THEIRS", help="Our column's name in the file; repeatable.")
@click.option(
    "--event", metavar="NAME", help="What rows without an event are. [purchase with a transaction, else view_item]"
)
@click.option("--currency", metavar="CODE", help="Currency of prices that name none. [OPSPLUG_CURRENCY]")
@click.option(
    "--time-format", metavar="FORMAT", help="strptime format of times. [epoch seconds, milliseconds, ISO 8601]"
)
@click.option("--timezone", metavar="ZONE", help="Zone of times that name none. [OPSPLUG_TIMEZONE, else UTC]")
@click.option("--cancelled-prefix", metavar="TEXT", help="Transactions whose id starts so are refunds.")
@click.option("--paid-only", is_flag=True, help="Leave out order lines without a positive price (write-offs, tests).")
@click.option("--items-from-events", is_flag=True, help="Learn names and prices of unknown items from the events file.")
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of CSV files.")
@click.option(
    "--report",
    "report_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every line left out here (CSV).",
)
@click.option("--strict", is_flag=True, help="Exit with 1 when any row was bad.")
@json_option
@with_engine(must_exist=False)
def import_command(
    engine: "Engine", events: Path | None, items: Path | None, pairs: tuple[str, ...], report_path: Path | None,
    strict: bool, json_: bool, encoding: str, **options: Any,
) -> None:  # fmt: skip
    """Bring a shop's past along: events and orders (--events), the catalogue (--items), or both.

    Rows need item_id, timestamp and one of user_id, anonymous_id, session_id, transaction_id. Lines of one
    transaction form one purchase; negative quantities are refunds. A second import of the same file changes nothing.
    Bad rows are skipped, counted and named by line. docs/import.md has the details.
    """
    if events is None and items is None:
        raise click.UsageError("Give --events FILE, --items FILE or both.")
    columns = _columns(pairs)
    reports: dict[str, ImportReport] = {}
    with show.progress() as says, _listing(report_path) as on_skip:
        if items is not None:
            of_items = {ours: theirs for ours, theirs in columns.items() if ours in transfer.ITEM_COLUMNS}
            reports["items"] = transfer.import_items(
                items, engine.catalog.upsert, columns=of_items, encoding=encoding,
                progress=lambda done, total: says("read", done, total), on_skip=on_skip("items"),
            )  # fmt: skip
        if events is not None:
            reports["events"] = transfer.import_events(
                engine.store, events, engine.keys.pseudonym, _options(engine, columns, encoding, **options),
                put_items=engine.catalog.upsert, progress=says, on_skip=on_skip("events"),
            )  # fmt: skip
    if json_:
        show.as_json({name: report.to_dict() for name, report in reports.items()})
    else:
        for name, report in reports.items():
            click.echo("\n".join(transfer.sentences(report, name)))
    useless = any(report.lines and not report.taken for report in reports.values())
    if useless or (strict and any(report.bad for report in reports.values())):
        sys.exit(FAILED)


def _columns(pairs: tuple[str, ...]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise click.UsageError(f"--map {pair!r}: write it as OURS=THEIRS, for example item_id=StockCode")
    return dict(pair.split("=", 1) for pair in pairs)


def _options(
    engine: "Engine", columns: dict[str, str], encoding: str, *, event: str | None, currency: str | None,
    time_format: str | None, timezone: str | None, cancelled_prefix: str | None, paid_only: bool,
    items_from_events: bool,
) -> transfer.ImportOptions:  # fmt: skip
    name = timezone or engine.settings.timezone
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"timezone: {name!r} is not an IANA time zone such as Europe/Berlin") from None
    return transfer.ImportOptions(
        columns=columns, event=event, currency=currency or engine.settings.currency or None, time_format=time_format,
        zone=zone, cancelled_prefix=cancelled_prefix, paid_only=paid_only, items=items_from_events, encoding=encoding,
    )  # fmt: skip


@contextmanager
def _listing(path: Path | None) -> Iterator[Callable[[str], Callable[[int, str, str], None] | None]]:
    """Every line left out, as CSV in a file of the user's choice."""
    with transfer.export_file(path) if path is not None else nullcontext() as stream:
        if stream is None:
            yield lambda file: None
            return
        write = transfer.skip_writer(stream)
        yield lambda file: lambda number, reason, detail: write(file, number, reason, detail)


@click.command("export")
@click.argument("kind", type=click.Choice(transfer.KINDS))
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@click.option("--format", "form", type=click.Choice(transfer.FORMATS), help="[by the file's name, else csv]")
@json_option
@with_engine()
def export_command(engine: "Engine", kind: str, path: Path, form: str | None, json_: bool) -> None:
    """Write all KIND (events, orders or items) to PATH; `-` is stdout, a name ending in .gz is packed.

    `opsplug import` reads the file back without loss. User ids are pseudonyms, as in the store; the file still tells
    about people, so only its owner may read it.
    """
    form = form or ("jsonl" if ".jsonl" in path.suffixes or ".ndjson" in path.suffixes else "csv")
    engine.flush()
    with show.progress() as says:
        told = lambda count: says(f"Writing {kind}", count, 0)  # noqa: E731
        if str(path) == "-":
            count = transfer.export(engine.store, kind, sys.stdout, form, progress=told)
        else:
            with transfer.export_file(path) as stream:
                count = transfer.export(engine.store, kind, stream, form, progress=told)
    if json_ and str(path) != "-":
        show.as_json({"kind": kind, "format": form, "path": str(path), "count": count})
    else:
        show.note(f"{count:,} {kind} written to {'stdout' if str(path) == '-' else path}")
