"""The items table: what the shop sells."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from opsplug.events import encode_json
from opsplug.store import queries
from opsplug.store.connections import Connections

_CHUNK: Final = 500
_VERSION: Final = "catalogue"
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class CatalogueRows:
    """The part of a store that keeps the catalogue."""

    _db: Connections

    def put_items(self, records: Sequence[Mapping[str, Any]], *, origin: str, now_ms: int) -> int:
        new = {record["item_id"]: encode_json(record).decode() for record in records}

        def work(connection: sqlite3.Connection) -> int:
            old = {row[0]: (row[1], row[2]) for row in _get(connection, list(new))}
            seen: list[dict[str, Any]] = []
            changed: list[dict[str, Any]] = []
            for item_id, record in new.items():
                before = old.get(item_id)
                if before is not None and before[1] == "explicit" and origin == "page":
                    continue
                row = {"item_id": item_id, "record": record, "origin": origin, "now": now_ms}
                (seen if before == (record, origin) else changed).append(row)
            connection.executemany(queries.SEE_ITEM, seen)
            connection.executemany(queries.PUT_ITEM, changed)
            return _changed(connection, len(changed), now_ms)

        return self._db.write(work) if new else 0

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


def _get(connection: sqlite3.Connection, ids: Sequence[str]) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for start in range(0, len(ids), _CHUNK):
        rows += connection.execute(*queries.listed(queries.GET_ITEMS, ids=ids[start : start + _CHUNK])).fetchall()
    return rows


def _changed(connection: sqlite3.Connection, rows: int, now_ms: int = 1) -> int:
    if rows:
        connection.execute(queries.RAISE_VERSION, {"name": _VERSION, "now": now_ms})
    return rows
