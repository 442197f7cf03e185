"""What one cell of a CSV file can hold without loss, and where the rest goes.

A cell has no type. Columns that mean numbers hold numbers, columns of lists and objects hold JSON, the others text.
A value that would not come back equal (an empty text, a number where text belongs), or that a spreadsheet would run
as a formula, goes into the column `extra`, a JSON object.
"""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, Final

import msgspec

from opsplug.events import EARLIEST_MS, FUTURE_MS
from opsplug.services.transfer.errors import BadRowError

EXTRA: Final = "extra"
NUMBERS: Final = frozenset(
    """price quantity discount index value tax shipping rating rating_max list_price cost consumable_days line
    audience""".split()
)
BOOLEANS: Final = frozenset(("published",))
OBJECTS: Final = frozenset(("properties", "attributes", "tags", "items", EXTRA))
# At the start of a cell, also of one that begins at a semicolon or a tab, which some spreadsheets take for separators.
_FORMULA: Final = re.compile(r"(?:^|[;\t\r\n])[\s\x00-\x1f\u200b-\u200f\u2060\ufeff\"']*[=+\-@＝＋－＠﹢﹣﹦﹫−]")
_TRUTH: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_NUMBER: Final = re.compile(r"-?\d{1,300}(?:\.\d+)?(?:e[+-]?\d{1,3})?")
_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d+,(?:\d{1,2}|\d{4,})")

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder().decode


def to_cell(name: str, value: Any) -> str | None:
    """The text of a cell of column `name`; None where no text would come back as `value`."""
    if name in OBJECTS and isinstance(value, dict | list):
        return _json(value)
    if name in NUMBERS and isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value) if abs(value) < 1e300 else None
    if name in BOOLEANS and isinstance(value, bool):
        return "true" if value else "false"
    if name == "created_at" and isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    if name in NUMBERS or name in OBJECTS or name in BOOLEANS or not isinstance(value, str):
        return None
    if name == "created_at" and _is_number(value):
        return None
    unfit = not value or value != value.strip() or is_formula(value) or "\x00" in value or "\r" in value
    return None if unfit else value


def to_cells(record: Mapping[str, Any], columns: Iterable[str]) -> dict[str, str]:
    """One CSV row of `record`; what the columns cannot hold is in the cell `extra`."""
    cells: dict[str, str] = {}
    extra = {key: value for key, value in record.items() if value is not None}
    for name in columns:
        if name in extra and (cell := to_cell(name, extra[name])) is not None:
            cells[name] = cell
            del extra[name]
    if extra:
        cells[EXTRA] = _json(extra)
    return cells


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might run this text, or a part of it, as a formula."""
    return _FORMULA.search(text) is not None


def _json(value: Any) -> str:
    """In one piece, whatever a spreadsheet takes for a separator."""
    return _encode(value).decode().replace(";", "\\u003b")


def from_cell(name: str, value: Any) -> Any:
    """The value of column `name`; text becomes a number, list or object where the column means one."""
    if not isinstance(value, str):
        return value
    if name in NUMBERS:
        return number(name, value.strip())
    if name == "created_at":
        return number(name, value) if _is_number(value) else value
    if name in BOOLEANS:
        if value.lower() not in _TRUTH:
            raise BadRowError(f"bad {name}", f"{name}: true or false is expected")
        return _TRUTH[value.lower()]
    if name in OBJECTS:
        try:
            return _decode(value)
        except msgspec.DecodeError:
            if name == "tags":
                return [tag.strip() for tag in value.split(",") if tag.strip()]
            raise BadRowError(f"bad {name}", f"{name}: JSON is expected") from None
    return value


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def number(name: str, text: str) -> int | float:
    """A finite number. A decimal comma is understood, but 1,234 could mean two numbers and is refused."""
    plain = text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text
    try:
        value = float(plain.replace("_", "?"))
    except ValueError:
        raise BadRowError(f"bad {name}", f"{name}: {text[:40]!r} is not a number") from None
    if not math.isfinite(value):
        raise BadRowError(f"bad {name}", f"{name}: {text[:40]!r} is not a finite number")
    return int(text) if text.lstrip("+-").isdecimal() else value


class Clock:
    """Reads the times of a file: epoch seconds, or milliseconds where nothing else fits, or ISO 8601, or `pattern`.

    Times without a zone are the shop's (`zone`). `pattern` is strptime's.
    """

    def __init__(self, zone: tzinfo, now_ms: int, pattern: str | None = None) -> None:
        self._zone = zone
        self._latest = now_ms + FUTURE_MS
        self._pattern = pattern
        self.milliseconds = lru_cache(maxsize=4096)(self._milliseconds)

    def _milliseconds(self, value: Any) -> int:
        found = self._read(value)
        if not EARLIEST_MS <= found <= self._latest:
            raise BadRowError("bad timestamp", f"timestamp: {str(value)[:40]!r} is not between 1980 and tomorrow")
        return found

    def _read(self, value: Any) -> int:
        if isinstance(value, str):
            value = value.strip()
            if self._pattern is None and value.lstrip("-").replace(".", "", 1).isdecimal():
                value = float(value)
        try:
            if isinstance(value, str):
                moment = datetime.strptime(value, self._pattern) if self._pattern else datetime.fromisoformat(value)
                return round((moment if moment.tzinfo else moment.replace(tzinfo=self._zone)).timestamp() * 1000)
            # As seconds 1e11 is the year 5138, as milliseconds it is 1973.
            return round(float(value) if abs(value) >= 1e11 else float(value) * 1000)
        except (ValueError, TypeError, OverflowError):
            shape = self._pattern or "epoch seconds or ISO 8601; see --time-format"
            raise BadRowError("bad timestamp", f"timestamp: {str(value)[:40]!r} is not {shape}") from None


def iso(milliseconds: int) -> str:
    """Epoch milliseconds -> 2026-11-23T23:10:00.123Z"""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
