"""Orders, events and items out of files and into files: CSV and JSON lines, both ways, in constant memory.

An import reads the file once, sorts its lines on disk so that those of one order meet wherever they stand, makes
events of them and stores those in the order of time. Nothing is stored before the whole file has been read.
"""

import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from opsplug.events import Event
from opsplug.services.transfer.errors import BadRowError, TransferError
from opsplug.services.transfer.exporter import FORMATS, KINDS, export, export_file
from opsplug.services.transfer.external_sort import DiskSort
from opsplug.services.transfer.grouping import events_of, pack_line
from opsplug.services.transfer.items import ITEM_COLUMNS, CatalogueFromLines, Put, import_items, put_unknown
from opsplug.services.transfer.reader import Rows, open_rows
from opsplug.services.transfer.report import ImportReport, sentences, skip_writer
from opsplug.services.transfer.rows import ImportOptions, RowReader
from opsplug.store.protocol import Store

__all__ = [
    "FORMATS",
    "ITEM_COLUMNS",
    "KINDS",
    "BadRowError",
    "ImportOptions",
    "ImportReport",
    "TransferError",
    "export",
    "export_file",
    "import_events",
    "import_items",
    "open_rows",
    "sentences",
    "skip_writer",
]

_BATCH = 2000
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Event).decode

Progress = Callable[[str, int, int], None]


def import_events(
    store: Store,
    path: Path,
    pseudonym: Callable[[str], str],
    options: ImportOptions | None = None,
    *,
    put_items: Put | None = None,
    clock: Callable[[], float] = time.time,
    progress: Progress | None = None,
    on_skip: Callable[[int, str, str], None] | None = None,
) -> ImportReport:
    """Store the events of `path`; a second time changes nothing. User ids are stored as `pseudonym` gives them.

    `put_items` takes the records of new items where `options.items` asks for them. `progress(phase, done, total)`:
    phases read (bytes), group (lines), store (events). `on_skip(line, reason, detail)` hears of each line left out.
    Raises `TransferError` where the file as a whole cannot be read; nothing is stored then.
    """
    options = options or ImportOptions()
    report = ImportReport(on_skip=on_skip)
    said = progress or (lambda phase, done, total: None)
    items = CatalogueFromLines() if options.items else None
    with DiskSort() as lines, DiskSort() as events:
        with open_rows(path, encoding=options.encoding, progress=lambda at, size: said("read", at, size)) as rows:
            _read(rows, RowReader(options, rows.columns, pseudonym, _now_ms(clock)), lines, report, items)
        empty = store.last_id() == 0
        for number, event in events_of(lines, report):
            if not empty:  # rows of a store are in the order of their receipt, so only a new one takes it from a file
                event.received_at = 0
            events.add((event.received_at, event.timestamp, number), _pack(event))
            if events.count % _BATCH == 0:
                said("group", events.count, 0)
        report.events = events.count
        done = 0
        for batch in _batches(events, clock):
            report.stored += store.add_events(batch)
            done += len(batch)
            said("store", done, report.events)
    if items is not None and put_items is not None:
        report.items = put_unknown(items.records(), store.get_items, put_items)
    return report


def _read(
    rows: Rows, reader: RowReader, lines: DiskSort, report: ImportReport, items: CatalogueFromLines | None
) -> None:
    report.unused_columns = reader.unused
    for number, record in rows.records:
        report.lines += 1
        try:
            if isinstance(record, BadRowError):
                raise record
            key, line = reader.read(number, record)
        except BadRowError as bad:
            report.reject(number, bad.reason, str(bad))
            continue
        report.see(line)
        lines.add((key, number), pack_line(line))
        if items is not None:
            items.see(line)


def _batches(events: DiskSort, clock: Callable[[], float]) -> Iterator[list[Event]]:
    source = (_unpack(blob) for _, blob in events)
    while batch := list(islice(source, _BATCH)):
        now_ms = _now_ms(clock)
        for event in batch:
            event.received_at = event.received_at or now_ms
        yield batch


def _now_ms(clock: Callable[[], float]) -> int:
    return int(clock() * 1000)
