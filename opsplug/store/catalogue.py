"""The items table: what the shop sells."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from opsplug.events import encode_json
from opsplug.store import queries
from opsplug.store.connections import Connections

PRECEDENCE: Final = ("explicit", "catalog", "page")  # whose word counts first
_CHUNK: Final = 500
_VERSION: Final = "catalogue"
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class CatalogueRows:
    """The part of a store that keeps the catalogue."""

    _db: Connections

    def put_items(self, records: Sequence[Mapping[str, Any]], *, origin: str, now_ms: int) -> int:
        new = {record["item_id"]: record for record in records}

        def work(connection: sqlite3.Connection) -> int:
            old = {row[0]: row for row in _get(connection, list(new))}
            seen: list[dict[str, Any]] = []
            changed: list[dict[str, Any]] = []
            for item_id, record in new.items():
                before = old.get(item_id)
                parts = _parts(before[3]) if before is not None else {}
                # What the shop says is said field by field; a page or a feed says all that it knows.
                parts[origin] = {**parts.get(origin, {}), **record} if origin == "explicit" else dict(record)
                merged = encode_json(merge(parts)).decode()
                highest = next((name for name in PRECEDENCE if name in parts), origin)
                row = {"item_id": item_id, "record": merged, "origin": highest, "now": now_ms,
                       "parts": encode_json(parts).decode()}  # fmt: skip
                is_same = before is not None and (before[1], before[2]) == (merged, highest)
                (seen if is_same else changed).append(row)
            connection.executemany(queries.SEE_ITEM, seen)
            connection.executemany(queries.PUT_ITEM, changed)
            return _changed(connection, len(changed), now_ms)

        return self._db.write(work) if new else 0

    def ids_of_origin(self, origin: str) -> list[str]:
        return [
            row[0] for row in self._db.read(lambda c: c.execute(queries.IDS_OF_ORIGIN, {"origin": origin}).fetchall())
        ]

    def remove_items(self, ids: Sequence[str], *, origin: str | None = None) -> int:
        def work(connection: sqlite3.Connection) -> int:
            gone = 0
            for start in range(0, len(ids), _CHUNK):
                statement, values = queries.listed(
                    queries.REMOVE_ITEMS if origin is None else queries.REMOVE_ITEMS_OF, ids=ids[start : start + _CHUNK]
                )
                gone += connection.execute(statement, {**values, "origin": origin} if origin else values).rowcount
            return _changed(connection, gone)

        return self._db.write(work) if ids else 0

    def expire_items(self, origin: str, unseen_since_ms: int) -> int:
        parameters = {"origin": origin, "before": unseen_since_ms}
        return self._db.write(lambda c: _changed(c, c.execute(queries.EXPIRE_ITEMS, parameters).rowcount))

    def items(self) -> Iterator[dict[str, Any]]:
        after = ""
        while True:
            parameters = {"after": after, "batch": _CHUNK}
            rows = self._db.read(lambda c, p=parameters: c.execute(queries.ALL_ITEMS, p).fetchall())  # type: ignore[misc]
            for _, record in rows:
                yield _decode(record)
            if len(rows) < _CHUNK:
                return
            after = rows[-1][0]

    def get_items(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        rows = self._db.read(lambda connection: _get(connection, ids)) if ids else []
        return {row[0]: _decode(row[1]) for row in rows}

    def catalogue_version(self) -> int:
        row = self._db.read(lambda c: c.execute(queries.VERSION, {"name": _VERSION}).fetchone())
        return int(row[0]) if row else 0


def merge(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One record of what each origin says: field by field the word of the one that comes first."""
    merged: dict[str, Any] = {}
    for name in reversed((*PRECEDENCE, *(other for other in parts if other not in PRECEDENCE))):
        part = parts.get(name, {})
        if "item_category" in part:  # levels belong together
            merged = {field: value for field, value in merged.items() if not field.startswith("item_category")}
        merged.update(part)
    return merged


def _parts(text: str) -> dict[str, dict[str, Any]]:
    parts: dict[str, dict[str, Any]] = _decode(text)
    return parts


def _get(connection: sqlite3.Connection, ids: Sequence[str]) -> list[tuple[str, str, str, str]]:
    rows: list[tuple[str, str, str, str]] = []
    for start in range(0, len(ids), _CHUNK):
        rows += connection.execute(*queries.listed(queries.GET_ITEMS, ids=ids[start : start + _CHUNK])).fetchall()
    return rows


def _changed(connection: sqlite3.Connection, rows: int, now_ms: int = 1) -> int:
    if rows:
        connection.execute(queries.RAISE_VERSION, {"name": _VERSION, "now": now_ms})
    return rows
