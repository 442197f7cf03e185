"""The catalogue from a file of items, or as far as order lines tell it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from opsplug.errors import EventError
from opsplug.events import Item, text_id
from opsplug.services.transfer.cells import EXTRA
from opsplug.services.transfer.errors import BadRowError
from opsplug.services.transfer.lines import Line
from opsplug.services.transfer.reader import open_rows
from opsplug.services.transfer.report import ImportReport
from opsplug.services.transfer.rows import column_names, typed_row

ITEM_COLUMNS: Final = tuple(
    """item_id item_name item_group_id item_brand item_category item_category2 item_category3 item_category4
    item_category5 item_variant price currency list_price cost availability published description url image_url
    language seller_id affiliation created_at consumable_days stock tags attributes""".split()
)
_BATCH = 500

Put = Callable[[Sequence[Mapping[str, Any]]], Any]


def import_items(
    path: Path,
    put: Put,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str = "utf-8",
    progress: Callable[[int, int], None] | None = None,
    on_skip: Callable[[int, str, str], None] | None = None,
) -> ImportReport:
    """Give each row of `path` to `put` (the catalogue's upsert) in batches; unknown CSV columns become attributes."""
    report = ImportReport(on_skip=on_skip)
    with open_rows(path, encoding=encoding, progress=progress) as rows:
        given = {name: theirs for name, theirs in (columns or {}).items() if not rows.columns or theirs in rows.columns}
        names = column_names(given, rows.columns, (*ITEM_COLUMNS, EXTRA))
        others = [name for name in rows.columns if name and name not in names.values()]
        pending: list[tuple[int, dict[str, Any]]] = []
        for number, record in rows.records:
            report.lines += 1
            try:
                if isinstance(record, BadRowError):
                    raise record
                pending.append((number, _item(record, names, others, bool(rows.columns))))
            except (BadRowError, EventError) as error:
                report.reject(number, getattr(error, "reason", "bad item_id"), str(error))
            if len(pending) >= _BATCH:
                _put(pending, put, report)
                pending = []
        _put(pending, put, report)
    return report


def _item(record: Mapping[str, Any], names: Mapping[str, str], others: Sequence[str], flat: bool) -> dict[str, Any]:
    item = typed_row(record, names)
    if flat:
        more = {name: record[name].strip() for name in others if name in record}
        if more:
            item["attributes"] = {**more, **item.get("attributes", {})}
    else:
        item = {**{key: value for key, value in record.items() if value is not None}, **item}
        item.pop(EXTRA, None)
    if "item_id" not in item:
        raise BadRowError("no item_id", "item_id: the row has none")
    item["item_id"] = text_id(item["item_id"], "item_id")
    return item


def _put(pending: Sequence[tuple[int, dict[str, Any]]], put: Put, report: ImportReport) -> None:
    """All at once; where the catalogue refuses the batch, one by one, so that the bad one is named."""
    if not pending:
        return
    try:
        put([item for _, item in pending])
        report.took("items", len(pending))
        report.items += len(pending)
    except EventError as error:
        if len(pending) == 1:
            number = pending[0][0]
            report.reject(number, f"bad {str(error).split(':')[0][:40]}", str(error))
            return
        for pair in pending:
            _put([pair], put, report)


@dataclass
class CatalogueFromLines:
    """What order lines say about items: the name used most, the newest price and category. Bounded by the items."""

    _names: dict[str, Counter[str]] = field(default_factory=dict)
    _newest: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)

    def see(self, line: Line) -> None:
        if line.skipped or line.event == "refund":
            return
        for item in line.items:
            if item.item_name:
                names = self._names.setdefault(item.item_id, Counter())
                if len(names) < 50 or item.item_name in names:
                    names[item.item_name] += 1
            known = self._newest.get(item.item_id)
            if known is None or line.timestamp >= known[0]:
                before = known[1] if known else {}
                found = _told(item, line.properties.get("currency"))
                self._newest[item.item_id] = (line.timestamp, before if found == before else {**before, **found})

    def records(self) -> Iterator[dict[str, Any]]:
        for item_id, (_, fields) in sorted(self._newest.items()):
            names = self._names.get(item_id)
            name = {"item_name": min(names, key=lambda text: (-names[text], text))} if names else {}
            yield {"item_id": item_id, **name, **fields}


def _told(item: Item, currency: str | None) -> dict[str, Any]:
    """The catalogue fields of an order line."""
    found: dict[str, Any] = {}
    if item.price:
        found["price"] = item.price
        if currency:
            found["currency"] = currency
    if item.item_category:
        found["item_category"] = item.item_category
    if item.item_brand:
        found["item_brand"] = item.item_brand
    return found


def put_unknown(records: Iterable[dict[str, Any]], known: Callable[[list[str]], Mapping[str, Any]], put: Put) -> int:
    """Add those records whose item the catalogue does not have yet: what the shop said itself is better."""
    count = 0
    source = iter(records)
    while batch := list(islice(source, _BATCH)):
        have = known([record["item_id"] for record in batch])
        new = [record for record in batch if record["item_id"] not in have]
        if new:
            put(new)
            count += len(new)
    return count
