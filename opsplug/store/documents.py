"""Documents, leases and counters: small tables that every process shares."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from opsplug import reasons
from opsplug.events import encode_json
from opsplug.store import kinds, queries
from opsplug.store.connections import Connections

_decode = msgspec.json.decode


class DocumentRows:
    """The part of a store that keeps JSON values by kind and key, leases and counters."""

    _db: Connections

    def put_document(self, kind: str, key: str, value: Any, now_ms: int) -> None:
        kinds.require(kind)
        row = {"kind": kind, "key": key, "value": encode_json(value).decode(), "now": now_ms}
        self._db.write(lambda connection: connection.execute(queries.PUT_DOCUMENT, row))

    def add_document(self, kind: str, key: str, value: Any, now_ms: int) -> bool:
        kinds.require(kind)
        row = {"kind": kind, "key": key, "value": encode_json(value).decode(), "now": now_ms}
        # Durable: what is added under a key of its own is what somebody said, and was told that it arrived.
        return self._db.write(lambda c: c.execute(queries.ADD_DOCUMENT, row).rowcount, durable=True) > 0

    def put_documents(self, rows: Sequence[tuple[str, str, Any]], now_ms: int) -> None:
        for kind, _, _ in rows:
            kinds.require(kind)
        given = [
            {"kind": kind, "key": key, "value": encode_json(value).decode(), "now": now_ms} for kind, key, value in rows
        ]
        if given:
            self._db.write(lambda connection: connection.executemany(queries.PUT_DOCUMENT, given))

    def get_document(self, kind: str, key: str) -> Any:
        row = self._db.read(lambda c: c.execute(queries.GET_DOCUMENT, {"kind": kind, "key": key}).fetchone())
        return _decode(row[0]) if row else None

    def documents(self, kind: str, prefix: str = "") -> list[tuple[str, Any]]:
        if not prefix:
            return self._found(queries.DOCUMENTS, {"kind": kind})
        bounds = {"prefix": prefix, "length": len(prefix), "beyond": _beyond(prefix)}
        return self._found(queries.DOCUMENTS_FROM, {"kind": kind, **bounds})

    def document_keys(self, kind: str) -> list[str]:
        return [row[0] for row in self._db.read(lambda c: c.execute(queries.DOCUMENT_KEYS, {"kind": kind}).fetchall())]

    def documents_since(self, kind: str, since_ms: int) -> list[tuple[str, Any]]:
        return self._found(queries.DOCUMENTS_SINCE, {"kind": kind, "since": since_ms})

    def documents_before(self, kind: str, before_ms: int, *, limit: int) -> list[tuple[str, Any]]:
        return self._found(queries.DOCUMENTS_BEFORE, {"kind": kind, "before": before_ms, "limit": limit})

    def newest_documents(self, kind: str, limit: int) -> list[tuple[str, Any]]:
        return self._found(queries.NEWEST_DOCUMENTS, {"kind": kind, "limit": limit})

    def delete_document(self, kind: str, key: str) -> bool:
        row = {"kind": kind, "key": key}
        return self._db.write(lambda connection: connection.execute(queries.DELETE_DOCUMENT, row).rowcount) > 0

    def delete_documents(self, kind: str, before_ms: int) -> int:
        row = {"kind": kind, "before": before_ms}
        return self._db.write(lambda connection: connection.execute(queries.DELETE_OLDER_DOCUMENTS, row).rowcount)

    def acquire_lease(self, name: str, holder: str, *, ttl_ms: int, now_ms: int) -> bool:
        row = {"name": name, "holder": holder, "expires": now_ms + ttl_ms, "now": now_ms}
        return self._db.write(lambda connection: connection.execute(queries.ACQUIRE_LEASE, row).rowcount) > 0

    def release_lease(self, name: str, holder: str) -> None:
        row = {"name": name, "holder": holder}
        self._db.write(lambda connection: connection.execute(queries.RELEASE_LEASE, row))

    def add_counts(self, counts: Mapping[str, int], *, timeout: float = 5.0) -> None:
        rows = [{"name": name, "n": n} for name, n in counts.items() if n]
        for row in rows:
            reasons.require(str(row["name"]))

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(queries.ADD_COUNT, rows)

        if rows:
            self._db.write(work, timeout=timeout)

    def counts(self) -> dict[str, int]:
        found: defaultdict[str, int] = defaultdict(int)
        for name, count in self._db.read(lambda connection: connection.execute(queries.COUNTS).fetchall()):
            found[reasons.RENAMED.get(name, name)] += count
        return dict(found)

    def _found(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[str, Any]]:
        rows = self._db.read(lambda connection: connection.execute(sql, parameters).fetchall())
        return [(key, _decode(value)) for key, value in rows]


def _beyond(prefix: str) -> str:
    """A key that comes after all keys with this prefix: without it a look-up would read on to the end of the kind."""
    return f"{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}" if prefix[-1] < "\ud7ff" else f"{prefix}\U0010ffff"
