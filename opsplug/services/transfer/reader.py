"""A file of rows as `(line number, record)` pairs, without loading it.

CSV or JSON lines, plain or gzipped, or a table of a SQLite file, named as `shop.db::products`.
"""

import csv
import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec

from opsplug.services.transfer.errors import BadRowError, TransferError
from opsplug.services.transfer.sqlite_tables import MAGIC, read_table, tables

_NONE_OF_OURS = {
    b"": "the file is empty",
    b"[": "a JSON array; JSON lines are expected, one object on each line (jq -c '.[]')",
}
MAX_LINE = 8_000_000
DELIMITERS = ",;\t|"
TABLE_OF = "::"  # between a SQLite file and the name of its table


Record = tuple[int, Mapping[str, Any] | BadRowError]


@dataclass
class Rows:
    """`columns` of a CSV file (empty for JSON lines), and the records, each a mapping or why it is none."""

    columns: Sequence[str]
    records: Iterator[Record]


@contextmanager
def open_rows(
    path: Path, *, encoding: str = "utf-8", progress: Callable[[int, int], None] | None = None
) -> Iterator[Rows]:
    """Rows of `path`; `progress` gets bytes read and bytes in all. `TransferError` if the file is none of ours."""
    file, separator, table = str(path).rpartition(TABLE_OF)
    if separator and not path.exists():
        yield _table_rows(Path(file), table)
        return
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(path.open("rb"))
            size = os.fstat(raw.fileno()).st_size
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            data = stack.enter_context(io.BufferedReader(gzip.GzipFile(fileobj=raw), 1 << 18)) if packed else raw

            def tell() -> None:
                if progress is not None:
                    progress(raw.tell(), size)

            if data.peek(64).startswith(MAGIC):
                names = ", ".join(tables(path)) or "none"
                raise TransferError(f"{path}: a SQLite file; name a table as {path}{TABLE_OF}TABLE. It has: {names}")
            start = data.peek(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
            if start in (b"", b"["):
                raise TransferError(f"{path}: {_NONE_OF_OURS[start]}")
            if start == b"{":
                yield Rows((), _json_lines(data, tell))
            else:
                yield _csv(stack.enter_context(_text(data, encoding)), path, tell)
    except FileNotFoundError:
        raise TransferError(f"{path}: there is no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise TransferError(f"{path}: cannot be read ({error}); nothing of it was imported") from error


def _table_rows(path: Path, table: str) -> Rows:
    """As those of a CSV file, so that the same rules read the cells."""
    known = tables(path)
    records = enumerate(read_table(path, table), 1)
    return Rows(known.get(table, ()), ((n, {name: str(cell) for name, cell in row.items()}) for n, row in records))


def _text(data: Any, encoding: str) -> IO[str]:
    try:
        return io.TextIOWrapper(data, encoding, "surrogateescape", newline="")
    except LookupError:
        raise TransferError(f"encoding: {encoding!r} is not known; utf-8, latin-1 and cp1252 are") from None


def _csv(text: IO[str], path: Path, tell: Callable[[], None]) -> Rows:
    header = text.readline(MAX_LINE).lstrip("\ufeff")
    delimiter = max(DELIMITERS, key=header.count)
    columns = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    doubled = sorted({name for name in columns if name and columns.count(name) > 1})
    if doubled:
        raise TransferError(f"{path}: the column {doubled[0]!r} occurs twice")
    return Rows(columns, _csv_records(csv.reader(text, delimiter=delimiter), columns, tell))


def _csv_records(reader: Any, columns: Sequence[str], tell: Callable[[], None]) -> Iterator[Record]:
    width = len(columns)
    while True:
        number = reader.line_num + 2  # the header was read before
        if number % 2048 == 0:
            tell()
        try:
            cells = next(reader)
        except StopIteration:
            tell()
            return
        except csv.Error as error:
            yield number, BadRowError("not CSV", str(error))
            continue
        if not cells:
            continue
        if len(cells) != width:
            yield number, BadRowError("wrong number of cells", f"{len(cells)} cells, the header has {width}")
        elif any(not cell.isascii() and _broken(cell) for cell in cells):
            yield number, BadRowError("wrong encoding", "not in the file's encoding; see --encoding")
        else:
            yield number, {name: text for name, cell in zip(columns, cells, strict=True) if (text := cell.strip())}


def _broken(cell: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in cell)


def _json_lines(data: IO[bytes], tell: Callable[[], None]) -> Iterator[Record]:
    decode = msgspec.json.Decoder().decode
    number = 0
    while line := data.readline(MAX_LINE):
        number += 1
        if number % 2048 == 0:
            tell()
        if not line.endswith(b"\n") and len(line) == MAX_LINE:
            while line and not line.endswith(b"\n"):
                line = data.readline(MAX_LINE)
            yield number, BadRowError("too long", f"the line is longer than {MAX_LINE} bytes")
            continue
        line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not line.strip():
            continue
        try:
            record = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield number, BadRowError("not JSON", str(error))
            continue
        if isinstance(record, dict):
            yield number, record
        else:
            yield number, BadRowError("not JSON", "an object is expected on each line")
    tell()
