"""Events, orders and items as CSV or JSON lines, streamed; reading the file back gives the same rows."""

import csv
import gzip
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from opsplug.events import SCHEMA, Event
from opsplug.services.transfer.cells import EXTRA, iso, to_cells
from opsplug.services.transfer.errors import TransferError
from opsplug.services.transfer.items import ITEM_COLUMNS
from opsplug.services.transfer.lines import ORDER_EVENTS
from opsplug.services.transfer.rows import ITEM, PROPERTIES
from opsplug.store.protocol import Store

KINDS: Final = ("events", "orders", "items")
FORMATS: Final = ("csv", "jsonl")
_ITEM_FIRST: Final = ("item_id", "item_name", "quantity", "price")
EVENT_COLUMNS: Final = (
    *("event_id", "line", "event", "timestamp", "user_pseudonym", "anonymous_id", "session_id"),
    *PROPERTIES,
    *_ITEM_FIRST,
    *sorted(ITEM.difference(_ITEM_FIRST)),
    *("page_view_id", "route", "source", "audience", "received_at", "properties"),
)
_encode = msgspec.json.Encoder(order="deterministic").encode


def export(
    store: Store, kind: str, stream: IO[str], form: str, *, progress: Callable[[int], None] | None = None
) -> int:
    """Write all events, orders (purchases, refunds, cancellations) or items to `stream`; -> how many."""
    if kind not in KINDS:
        raise TransferError(f"export: {kind!r} is none of {', '.join(KINDS)}")
    if form not in FORMATS:
        raise TransferError(f"export: {form!r} is none of {', '.join(FORMATS)}")
    if kind == "items":
        records: Iterable[Mapping[str, Any]] = store.items()
        return _write(records, lambda item: [item], ITEM_COLUMNS, stream, form, progress)
    names = tuple(sorted(ORDER_EVENTS)) if kind == "orders" else None
    events = (event for batch in store.read_events(names=names, audience=None) for _, event in batch)
    return _write(map(event_record, events), event_rows, EVENT_COLUMNS, stream, form, progress)


def _write(
    records: Iterable[Mapping[str, Any]],
    rows: Callable[[Mapping[str, Any]], Iterable[Mapping[str, Any]]],
    columns: tuple[str, ...],
    stream: IO[str],
    form: str,
    progress: Callable[[int], None] | None,
) -> int:
    count = 0
    writer = csv.DictWriter(stream, (*columns, EXTRA), restval="", lineterminator="\n")
    if form == "csv":
        writer.writeheader()
    for record in records:
        count += 1
        if form == "csv":
            writer.writerows(to_cells(row, columns) for row in rows(record))
        else:
            stream.write(_encode(record).decode() + "\n")
        if progress is not None and count % 1000 == 0:
            progress(count)
    if progress is not None:
        progress(count)
    return count


def event_record(event: Event) -> dict[str, Any]:
    """One event as an object of JSON lines. `user_pseudonym` says that it is no user id of the shop."""
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "event_id": event.event_id,
        "event": event.event,
        "timestamp": iso(event.timestamp),
        "received_at": iso(event.received_at),
        "source": event.source,
        "audience": event.audience,
        "user_pseudonym": event.user_id,
        "anonymous_id": event.anonymous_id,
        "session_id": event.session_id,
        "page_view_id": event.page_view_id,
        "route": event.route,
        "items": [msgspec.to_builtins(item) for item in event.items],
        "properties": event.properties,
    }
    return {key: value for key, value in record.items() if value is not None and value != [] and value != {}}


def event_rows(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One CSV row for each item (one for none). What belongs to the whole, such as `value`, stands in the first."""
    properties = dict(record.get("properties", {}))
    own = {name: properties.pop(name) for name in PROPERTIES if properties.get(name) is not None}
    rest = {"properties": properties} if properties else {}
    envelope = {key: value for key, value in record.items() if key not in ("items", "properties", "schema")}
    shared = {key: value for key, value in own.items() if key in ("transaction_id", "currency")}
    for line, item in enumerate(record.get("items") or [None]):
        row = {**envelope, **(shared if line else {**own, **rest})}
        yield row if item is None else {**row, "line": line, "quantity": 1, **item}


@contextmanager
def export_file(path: Path) -> Iterator[IO[str]]:
    """A text file that only its owner may read and that appears whole or not at all; .gz is packed."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as raw:
            packed = gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) if path.suffix == ".gz" else None
            with io.TextIOWrapper(packed or raw, "utf-8", newline="") as text:
                yield text
        draft.replace(path)
    except OSError as error:
        raise TransferError(f"{path}: cannot be written ({error})") from error
    finally:
        with suppress(OSError):
            draft.unlink()
