"""One row of an import -> one checked line: whose it is, when, and what."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Final

from opsplug.capture.records import clean_path
from opsplug.capture.track import without_address, without_people
from opsplug.errors import EventError, SettingsError
from opsplug.events import AUDIENCES, TASTE, Item, canonical_name, make_item, make_properties, text_id
from opsplug.services.transfer.cells import EXTRA, Clock, from_cell
from opsplug.services.transfer.errors import BadRowError, TransferError
from opsplug.services.transfer.lines import ORDER_EVENTS, Line, key_of

WHO: Final = ("user_id", "user_pseudonym", "anonymous_id", "session_id", "transaction_id")
ITEM: Final = frozenset(Item.__struct_fields__)
PROPERTIES: Final = ("transaction_id", "currency", "value", "tax", "shipping", "search_term", "rating", "rating_max",
                     "text")  # fmt: skip
ENVELOPE: Final = ("event_id", "event", "timestamp", "received_at", "source", "audience", "page_view_id", "route")
COLUMNS: Final = frozenset((*ENVELOPE, *WHO, *PROPERTIES, *ITEM, "line", "items", "properties", EXTRA, "schema"))
_SOURCES: Final = ("server", "browser", "import")
# Tables that passed through floats write user 17850 as 17850.0; the shop itself never does.
_WHOLE: Final = re.compile(r"(?<=\d)\.0$")


@dataclass(frozen=True)
class ImportOptions:
    """How to read a file of events. `columns` maps our names to the file's; the rest are defaults for all rows.

    `event`: the name for rows that have none; without it a row with a transaction is a purchase and any other a
    view_item. `cancelled_prefix`: transactions whose id starts so are refunds. `paid_only`: order lines without a
    positive price are left out. `items`: item_name, category and price of new items are put into the catalogue.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    event: str | None = None
    currency: str | None = None
    time_format: str | None = None
    zone: tzinfo = UTC
    cancelled_prefix: str | None = None
    paid_only: bool = False
    items: bool = False
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in COLUMNS:
                near = difflib.get_close_matches(name, COLUMNS, 1, 0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"they are {', '.join(sorted(COLUMNS))}"
                raise SettingsError(f"map: {name!r} is none of our columns; {hint}")
        if self.event is not None:
            canonical_name(self.event)
        if self.currency is not None:
            make_properties({"currency": self.currency})


class RowReader:
    """`read(number, record)` -> (key, line), or `BadRowError`. Rows of one key belong to one event or order."""

    def __init__(
        self, options: ImportOptions, columns: Sequence[str], pseudonym: Callable[[str], str], now_ms: int
    ) -> None:
        self._options = options
        self._pseudonym = pseudonym
        self._time = Clock(options.zone, now_ms, options.time_format).milliseconds
        self._names = column_names(options.columns, columns, COLUMNS)
        self.unused = [name for name in columns if name and name not in self._names.values()]

    def read(self, number: int, record: Mapping[str, Any]) -> tuple[str, Line]:
        try:
            row = typed_row(record, self._names)
            line = self._line(number, row)
        except EventError as error:
            raise BadRowError(f"bad {str(error).split(':')[0].removeprefix('items.')}", str(error)) from None
        except TypeError:
            raise BadRowError("bad type", "a list or object stands where text or a number is expected") from None
        return key_of(line), line

    def _line(self, number: int, row: dict[str, Any]) -> Line:
        event, properties = self._event(row)
        transaction = properties.get("transaction_id")
        prefix = self._options.cancelled_prefix
        cancelled = bool(prefix and isinstance(transaction, str) and transaction.startswith(prefix))
        quantity = row.get("quantity", 1)
        if event == "purchase" and (cancelled or quantity < 0):
            event = "refund"
        if event == "refund" and "event_id" not in row:
            row.update({name: abs(row[name]) for name in ("quantity",) if name in row})
            properties.update({name: abs(properties[name]) for name in ("value",) if name in properties})
        unpaid = event in ORDER_EVENTS and self._unpaid(row)
        line = Line(
            number=number,
            event=event,
            timestamp=self._time(_needed(row, "timestamp")),
            items=_unchecked(row) if unpaid else _items(row),
            properties=make_properties(properties),
            position=_whole(row, "line"),
            event_id=_optional(row, "event_id"),
            received_at=self._time(row["received_at"]) if "received_at" in row else None,
            page_view_id=_optional(row, "page_view_id"),
            route=clean_path(route) if (route := _optional(row, "route")) else None,
            skipped="no positive price" if unpaid else None,
            cancelled=cancelled,
            returned=quantity < 0,
            **_origin(row),
            **self._who(row, transaction),
        )
        if not line.items and line.event_id is None and ("event" not in row or event in TASTE):
            raise BadRowError("no item_id", "item_id: the row has none")
        return line

    def _unpaid(self, row: Mapping[str, Any]) -> bool:
        """A write-off, not a sale: no shop sells below nothing, and with `paid_only` none for nothing."""
        price = row.get("price")
        return (price is None or price <= 0) if self._options.paid_only else (price is not None and price < 0)

    def _event(self, row: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        name = row.get("event") or self._options.event or ("purchase" if "transaction_id" in row else "view_item")
        canonical, original = canonical_name(name)
        properties = row.get("properties", {})
        if not isinstance(properties, dict):
            raise BadRowError("bad properties", "properties: a JSON object is expected")
        properties = {**properties, **{key: row[key] for key in PROPERTIES if key in row}}
        properties = {key: without_address(key, value) for key, value in properties.items()}
        if original is not None:
            properties["name"] = original
        if self._options.currency and "currency" not in properties and ("price" in row or "value" in row):
            properties["currency"] = self._options.currency
        return canonical, properties

    def _who(self, row: Mapping[str, Any], transaction: Any) -> dict[str, Any]:
        """The envelope's ids. A guest known by a session or an order alone is a visitor of that name."""
        user, session, anonymous = (_optional(row, name) for name in ("user_id", "session_id", "anonymous_id"))
        if user is not None:
            user = self._pseudonym(_WHOLE.sub("", user))
        user = _optional(row, "user_pseudonym") or user
        if not (user or anonymous or "event_id" in row):
            if session:
                anonymous = f"session:{session}"
            elif transaction is not None:
                anonymous = f"order:{text_id(transaction, 'transaction_id')}"
            else:
                raise BadRowError("no visitor", f"one of {', '.join(WHO)} is needed")
        return {"user_id": user, "session_id": session, "anonymous_id": anonymous}


def column_names(given: Mapping[str, str], columns: Sequence[str], known: Iterable[str]) -> dict[str, str]:
    """Our name -> the file's name. Given names win; columns of our own names need no mapping, whatever their case."""
    if not columns:  # JSON lines: the keys may differ from line to line
        return {**{name: name for name in known}, **given}
    missing = [theirs for theirs in given.values() if theirs not in columns]
    if missing:
        raise TransferError(f"map: the file has no column {missing[0]!r}; it has {', '.join(columns)}")
    own = {column.lower(): column for column in columns}
    return {**{name: own[name] for name in known if name in own and own[name] not in given.values()}, **given}


def typed_row(record: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The record under our names, each value of its column's type; empty cells are left out."""
    row = {ours: from_cell(ours, record[theirs]) for ours, theirs in names.items() if theirs in record}
    extra = row.pop(EXTRA, None)
    row = {name: value for name, value in row.items() if value is not None and value != ""}
    return {**row, **extra} if isinstance(extra, dict) else row


def _items(row: Mapping[str, Any]) -> list[Item]:
    listed = row.get("items", ())
    if not isinstance(listed, list | tuple):
        raise BadRowError("bad items", "items: a JSON array is expected")
    items = [*listed, row] if "item_id" in row else listed
    return [make_item(without_people(item)) for item in items]


def _unchecked(row: Mapping[str, Any]) -> list[Item]:
    """An item that will not be stored: only its identity counts."""
    known = {name: row[name] for name in ("item_name", "price", "quantity") if name in row}
    return [Item(item_id=text_id(row.get("item_id"), "item_id"), **known)]


def _origin(row: Mapping[str, Any]) -> dict[str, Any]:
    source, audience = row.get("source", "import"), _whole(row, "audience") or 0
    if source not in _SOURCES:
        raise BadRowError("bad source", f"source: one of {', '.join(_SOURCES)} is expected")
    if audience not in range(len(AUDIENCES)):
        raise BadRowError("bad audience", f"audience: 0 to {len(AUDIENCES) - 1} is expected ({', '.join(AUDIENCES)})")
    return {"source": source, "audience": audience}


def _whole(row: Mapping[str, Any], name: str) -> int | None:
    value = row.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise BadRowError(f"bad {name}", f"{name}: a whole number from 0 is expected")
    return value


def _needed(row: Mapping[str, Any], name: str) -> Any:
    if name not in row:
        raise BadRowError(f"no {name}", f"{name}: the row has none")
    return row[name]


def _optional(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is None:
        return None
    return text_id(int(value) if isinstance(value, float) and value.is_integer() else value, name)
