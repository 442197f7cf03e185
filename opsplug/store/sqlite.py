"""The embedded store: SQLite in WAL mode, one writer and many readers."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from opsplug.errors import StoreError
from opsplug.events import VISITOR, Event, decode_items, decode_properties, encode_json
from opsplug.store import queries
from opsplug.store.connections import Connections, store_errors
from opsplug.store.migrate import migrate_sqlite
from opsplug.store.protocol import HISTORY_NAMES, DayCount

T = TypeVar("T")
_LINKS_REMEMBERED = 20_000
_MANY = 500  # parameters of one IN (...)


class SQLiteStore:
    """`Store` in one file, or in memory when `path` is None. See `opsplug.store.protocol.Store` for each method."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._connections = Connections(path)
        self._migrated = -1  # the generation of connections that was brought up to date
        self._linked: set[tuple[str, str]] = set()

    # ------------------------------------------------------------------ plumbing

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with store_errors(self.path):
            if not self._connections.is_fresh():
                self._connections.close()
            self._ready()
            with self._connections.writing() as connection:
                yield connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with store_errors(self.path):
            self._ready()
            with self._connections.reading() as connection:
                yield connection

    def _ready(self) -> None:
        if self._migrated != self._connections.generation:
            self.migrate()

    def _change(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> int:
        with self._writing() as connection:
            return connection.execute(sql, parameters).rowcount

    def _rows(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._reading() as connection:
            return connection.execute(sql, parameters).fetchall()

    def migrate(self) -> list[str]:
        with store_errors(self.path), self._connections.writing() as connection:
            done = migrate_sqlite(connection)
            self._migrated = self._connections.generation
            self._linked.clear()
            return done

    def size_bytes(self) -> int:
        if self.path is None:
            return 0
        files = [self.path, *(self.path.with_name(self.path.name + end) for end in ("-wal", "-shm"))]
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        self._connections.close()

    # ------------------------------------------------------------------ events

    def add_events(self, events: Sequence[Event], *, durable: bool = False) -> int:
        if not events:
            return 0
        forgotten = [event for event in events if event.event == "consent_update" and _refuses(event)]
        rows = [_row(event) for event in events]
        links = [
            (event.anonymous_id, event.user_id, event.timestamp)
            for event in events
            if event.anonymous_id and event.user_id and (event.anonymous_id, event.user_id) not in self._linked
        ]
        with self._writing() as connection:
            connection.execute("PRAGMA synchronous = FULL" if durable else "PRAGMA synchronous = NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            added = connection.executemany(queries.ADD_EVENT, rows).rowcount
            if links:
                connection.executemany(queries.ADD_LINK, links)
            for event in forgotten:
                self._forget(connection, event.anonymous_id)
            connection.execute("COMMIT")
        self._remember_links(links)
        return added

    def _remember_links(self, links: Sequence[tuple[Any, Any, int]]) -> None:
        if len(self._linked) + len(links) > _LINKS_REMEMBERED:
            self._linked.clear()
        self._linked.update((anonymous, user) for anonymous, user, _ in links)

    def history(
        self, visitors: Sequence[str], *, limit: int = 50, names: Sequence[str] = HISTORY_NAMES, timeout: float = 0.02
    ) -> list[Event]:
        if not visitors:
            return []
        sql = queries.HISTORY.format(
            visitors=queries.placeholders(len(visitors)), names=queries.placeholders(len(names))
        )
        deadline = time.monotonic() + timeout
        with self._reading() as connection:
            connection.set_progress_handler(lambda: time.monotonic() > deadline, 2000)
            try:
                rows = connection.execute(sql, (*visitors, *names, limit)).fetchall()
            finally:
                connection.set_progress_handler(None, 0)
        return [_event(row) for row in reversed(rows)]

    def visitors_of(self, user_id: str) -> list[str]:
        rows = self._rows(queries.VISITORS_OF, {"user_id": user_id})
        return [*(anonymous for (anonymous,) in rows), user_id]

    def read_events(
        self,
        *,
        after_id: int = 0,
        since_ms: int | None = None,
        until_ms: int | None = None,
        names: Sequence[str] | None = None,
        audience: int | None = VISITOR,
        batch: int = 5000,
    ) -> Iterator[list[tuple[int, Event]]]:
        conditions = ""
        parameters: dict[str, Any] = {"batch": batch, "after_id": after_id}
        for text, name, value in (
            (queries.SINCE, "since_ms", since_ms),
            (queries.UNTIL, "until_ms", until_ms),
            (queries.AUDIENCE, "audience", audience),
        ):
            if value is not None:
                conditions += text
                parameters[name] = value
        if names is not None:
            conditions += queries.NAMES.format(names=queries.named("name", len(names)))
            parameters.update({f"name{index}": name for index, name in enumerate(names)})
        sql = queries.READ_EVENTS.format(conditions=conditions)
        while rows := self._rows(sql, parameters):
            yield [(row[0], _event(row[1:])) for row in rows]
            parameters["after_id"] = rows[-1][0]

    def first_id_received_at(self, moment_ms: int) -> int:
        with self._reading() as connection:
            low, high = connection.execute(queries.ID_RANGE).fetchone()
            high += 1
            while low < high:
                middle = (low + high) // 2
                row = connection.execute(queries.RECEIVED_AT, {"id": middle}).fetchone()
                if row is None or row[1] >= moment_ms:
                    high = middle
                else:
                    low = row[0] + 1
        return int(low)

    def forget_visitor(self, visitors: Sequence[str]) -> int:
        with self._writing() as connection:
            connection.execute("BEGIN IMMEDIATE")
            changed = sum(self._forget(connection, visitor) for visitor in visitors)
            connection.execute("COMMIT")
        self._linked.clear()
        return changed

    @staticmethod
    def _forget(connection: sqlite3.Connection, visitor: str | None) -> int:
        if visitor is None:
            return 0
        changed = connection.execute(queries.FORGET_EVENTS, {"visitor": visitor}).rowcount
        connection.execute(queries.FORGET_LINK, {"visitor": visitor})
        return changed

    def prune(self, before_ms: int, *, batch: int = 1000) -> int:
        return self._change(queries.PRUNE, {"before_ms": before_ms, "batch": batch})

    def count_events(self) -> int:
        return int(self._rows(queries.COUNT_EVENTS)[0][0])

    def daily_events(self, since_ms: int, until_ms: int, offset_ms: int) -> list[DayCount]:
        window = {"since_ms": since_ms, "until_ms": until_ms, "offset_ms": offset_ms}
        return [DayCount(*row) for row in self._rows(queries.DAILY_EVENTS, window)]

    def daily_visitors(self, since_ms: int, until_ms: int, offset_ms: int) -> list[tuple[int, int]]:
        window = {"since_ms": since_ms, "until_ms": until_ms, "offset_ms": offset_ms}
        return [(day, visitors) for day, visitors in self._rows(queries.DAILY_VISITORS, window)]

    def count_visitors(self, since_ms: int, until_ms: int, names: Sequence[str] | None = None) -> int:
        sql = queries.COUNT_VISITORS
        parameters: dict[str, Any] = {"since_ms": since_ms, "until_ms": until_ms}
        if names is not None:
            sql += queries.NAMES.format(names=queries.named("name", len(names)))
            parameters.update({f"name{index}": name for index, name in enumerate(names)})
        return int(self._rows(sql, parameters)[0][0])

    # ------------------------------------------------------------------ catalogue

    def put_items(self, records: Sequence[Mapping[str, Any]], *, origin: str, now_ms: int) -> int:
        rows = [
            {"item_id": record["item_id"], "record": encode_json(record).decode(), "origin": origin, "now_ms": now_ms}
            for record in records
        ]
        return self._change_catalogue(lambda connection: connection.executemany(queries.PUT_ITEM, rows).rowcount)

    def remove_items(self, item_ids: Sequence[str]) -> int:
        rows = [(item_id,) for item_id in item_ids]
        return self._change_catalogue(lambda connection: connection.executemany(queries.REMOVE_ITEM, rows).rowcount)

    def expire_items(self, origin: str, unseen_since_ms: int) -> int:
        values = {"origin": origin, "unseen_since_ms": unseen_since_ms}
        return self._change_catalogue(lambda connection: connection.execute(queries.EXPIRE_ITEMS, values).rowcount)

    def _change_catalogue(self, change: Callable[[sqlite3.Connection], int]) -> int:
        with self._writing() as connection:
            connection.execute("BEGIN IMMEDIATE")
            changed = change(connection)
            if changed:
                connection.execute(queries.CATALOGUE_CHANGED)
            connection.execute("COMMIT")
        return changed

    def items(self) -> Iterator[dict[str, Any]]:
        for item_id, record in self._rows(queries.ALL_ITEMS):
            yield {"item_id": item_id, **decode_properties(record)}

    def get_items(self, item_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(item_ids), _MANY):
            part = item_ids[start : start + _MANY]
            sql = queries.GET_ITEMS.format(ids=queries.placeholders(len(part)))
            for item_id, record in self._rows(sql, tuple(part)):
                found[item_id] = {"item_id": item_id, **decode_properties(record)}
        return found

    def catalogue_version(self) -> int:
        return int(self._rows(queries.CATALOGUE_VERSION)[0][0])

    # ------------------------------------------------------------------ documents, leases, counters

    def put_document(self, kind: str, key: str, value: Any, now_ms: int) -> None:
        text = encode_json(value).decode()
        self._change(queries.PUT_DOCUMENT, {"kind": kind, "key": key, "value": text, "now_ms": now_ms})

    def get_document(self, kind: str, key: str) -> Any:
        rows = self._rows(queries.GET_DOCUMENT, {"kind": kind, "key": key})
        return msgspec.json.decode(rows[0][0]) if rows else None

    def documents(self, kind: str, prefix: str = "") -> list[tuple[str, Any]]:
        rows = self._rows(queries.DOCUMENTS, {"kind": kind, "prefix": prefix})
        return [(key, msgspec.json.decode(value)) for key, value in rows if key.startswith(prefix)]

    def delete_document(self, kind: str, key: str) -> bool:
        return self._change(queries.DELETE_DOCUMENT, {"kind": kind, "key": key}) > 0

    def acquire_lease(self, name: str, holder: str, *, ttl_ms: int, now_ms: int) -> bool:
        values = {"name": name, "holder": holder, "expires_at": now_ms + ttl_ms, "now_ms": now_ms}
        return self._change(queries.ACQUIRE_LEASE, values) > 0

    def release_lease(self, name: str, holder: str) -> None:
        self._change(queries.RELEASE_LEASE, {"name": name, "holder": holder})

    def lease_holder(self, name: str, now_ms: int) -> str | None:
        rows = self._rows(queries.LEASE_HOLDER, {"name": name, "now_ms": now_ms})
        return rows[0][0] if rows else None

    def add_counts(self, counts: Mapping[str, int]) -> None:
        with self._writing() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(queries.ADD_COUNT, list(counts.items()))
            connection.execute("COMMIT")

    def counts(self) -> dict[str, int]:
        return dict(self._rows(queries.COUNTS))


def open_sqlite(url: str) -> SQLiteStore:
    """`sqlite:///relative.db`, `sqlite:////absolute.db`, or `sqlite://` for one in memory."""
    path = url.removeprefix("sqlite:///")
    if url in ("sqlite://", "sqlite:///:memory:"):
        return SQLiteStore(None)
    if path == url or not path:
        raise StoreError(f"store: {url!r} is not a SQLite address such as sqlite:///shop.db")
    return SQLiteStore(Path(path))


def _refuses(event: Event) -> bool:
    return event.properties.get("granted") is False


def _row(event: Event) -> tuple[Any, ...]:
    nameless = event.event == "consent_update" and _refuses(event)
    return (
        event.event_id,
        event.event,
        event.timestamp,
        event.received_at,
        event.source,
        event.audience,
        None if nameless else event.anonymous_id,
        None if nameless else event.user_id,
        None if nameless else event.session_id,
        None if nameless else event.page_view_id,
        event.route,
        encode_json(event.items).decode() if event.items else None,
        encode_json(event.properties).decode() if event.properties else None,
    )


def _event(row: Sequence[Any]) -> Event:
    return Event(
        event_id=row[0],
        event=row[1],
        timestamp=row[2],
        received_at=row[3],
        source=row[4],
        audience=row[5],
        anonymous_id=row[6],
        user_id=row[7],
        session_id=row[8],
        page_view_id=row[9],
        route=row[10],
        items=decode_items(row[11]) if row[11] else (),
        properties=decode_properties(row[12]) if row[12] else {},
    )
