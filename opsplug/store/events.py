"""The events table: writing, histories, reading in order, forgetting, retention."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import msgspec

from opsplug.errors import EventError
from opsplug.events import FUTURE_MS, VISITOR, Event, Step, decode_ids, decode_items, decode_properties, encode_json
from opsplug.store import queries
from opsplug.store.connections import Connections
from opsplug.store.protocol import LINKED_IDS, TASTE_NAMES

_ANY: Final = 1 << 62
_as_tuple = msgspec.structs.astuple
_UNFIT = (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


class EventRows:
    """The part of a store that keeps events."""

    _db: Connections

    def add_events(self, events: Sequence[Event], *, durable: bool = False, timeout: float = 5.0) -> int:
        if not events:
            return 0

        # Made before the transaction begins: while it lasts every other process waits.
        try:
            rows, links = rows_of(events), _links(events)
        except (UnicodeError, TypeError, OverflowError) as error:
            raise EventError(f"event: this cannot be stored: {error}") from error
        refusals = list(filter(refuses, events))

        def work(connection: sqlite3.Connection) -> int:
            last = connection.execute(queries.LAST_RECEIVED).fetchone()
            in_order = rows if last is None or last[0] <= rows[0][3] else rows_of(events, last[0])
            try:
                added = _insert(connection, in_order)
                for refusal in refusals:
                    _forget(connection, [refusal.anonymous_id, refusal.user_id])
                if links:
                    connection.executemany(queries.ADD_LINK, links)
            except (*_UNFIT, OverflowError, UnicodeError, TypeError) as error:
                raise EventError(f"event: this cannot be stored: {error}") from error
            return added

        return self._db.write(work, durable=durable, timeout=timeout)

    def find_event(self, event_id: str) -> Event | None:
        rows = self._rows(queries.FIND_EVENT, {"event_id": event_id})
        return event_of(rows[0]) if rows else None

    def history(
        self, visitors: Sequence[str], *, limit: int = 50, names: Sequence[str] = TASTE_NAMES, timeout: float = 0.02
    ) -> list[Event]:
        return [event_of(row) for row in self._newest(queries.HISTORY, visitors, limit, names, timeout)]

    def steps(self, visitors: Sequence[str], *, limit: int, names: Sequence[str], timeout: float) -> list[Step]:
        rows = self._newest(queries.STEPS, visitors, limit, names, timeout)
        return [
            Step(
                event_id, event, timestamp, [item.item_id for item in decode_ids(items)] if items else [],
                decode_properties(properties) if properties else {},
            )
            for event_id, event, timestamp, items, properties in rows
        ]  # fmt: skip

    def _newest(
        self, query: str, visitors: Sequence[str], limit: int, names: Sequence[str], timeout: float
    ) -> list[tuple[Any, ...]]:
        """Rows of these visitors, oldest first; the third column is the timestamp."""
        if not visitors or not names:
            return []
        sql, parameters = _listed(query, tuple(names))

        def work(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            rows = []
            for visitor in visitors:
                rows += connection.execute(sql, {**parameters, "visitor": visitor, "limit": limit}).fetchall()
            return rows

        rows = self._db.read(work, timeout=timeout)
        rows.sort(key=lambda row: row[2])
        return rows[-limit:]

    def visitors_of(self, user_id: str) -> list[str]:
        rows = self._rows(queries.LINKED_IDS, {"user_id": user_id, "limit": LINKED_IDS})
        return [row[0] for row in rows] + [user_id]

    def read_events(
        self,
        *,
        after_id: int = 0,
        since_ms: int | None = None,
        until_ms: int | None = None,
        names: Sequence[str] | None = None,
        audience: int | None = 0,
        batch: int = 5000,
    ) -> Iterator[list[tuple[int, Event]]]:
        sql, listed = (
            (queries.READ_EVENTS, {}) if names is None else queries.listed(queries.READ_NAMED_EVENTS, names=names)
        )
        parameters = {**listed, **time_range(since_ms, until_ms), **audiences(audience), "batch": batch}
        after = after_id if since_ms is None else max(after_id, self.first_id_since(since_ms) - 1)
        while True:
            rows = self._rows(sql, {**parameters, "after": after}, timeout=60.0)
            if rows:
                yield [(row[0], event_of(row[1:])) for row in rows]
                after = rows[-1][0]
            if len(rows) < batch:
                return

    def last_id(self) -> int:
        return int(self._rows(queries.LAST_ID, {})[0][0])

    def newest_receipt(self) -> int:
        rows = self._rows(queries.RECEIVED_FROM, {"id": self.last_id()})
        return int(rows[0][1]) if rows else 0

    def first_id_received_at(self, ms: int) -> int:
        def work(connection: sqlite3.Connection) -> int:
            low = connection.execute(queries.FIRST_ID).fetchone()[0]
            high = connection.execute(queries.LAST_ID).fetchone()[0] + 1
            while low < high:
                middle = (low + high) // 2
                row = connection.execute(queries.RECEIVED_FROM, {"id": middle}).fetchone()
                if row is None or row[1] >= ms:
                    high = middle
                else:
                    low = row[0] + 1
            return int(low)

        return self._db.read(work)

    def first_id_since(self, ms: int) -> int:
        """A start for a scan of what happened since: nothing is received more than a day before it happened."""
        return self.first_id_received_at(ms - FUTURE_MS)

    def forget_visitor(self, visitors: Sequence[str]) -> int:
        return self._db.write(lambda connection: _forget(connection, visitors), durable=True)

    def prune(self, before_ms: int, *, batch: int = 1000) -> int:
        parameters = {"before": self.first_id_received_at(before_ms), "batch": batch}
        total = 0
        while True:
            gone = self._db.write(lambda connection: connection.execute(queries.PRUNE_EVENTS, parameters).rowcount)
            total += gone
            if gone < batch:
                return total

    def rows(self, sql: str, parameters: Mapping[str, Any], *, timeout: float = 10.0) -> list[tuple[Any, ...]]:
        since_ms = parameters.get("since_ms")
        first = 0 if since_ms is None else self.first_id_since(since_ms)
        return self._rows(sql, {"first": first, **parameters}, timeout)

    def _rows(self, sql: str, parameters: dict[str, Any], timeout: float = 10.0) -> list[tuple[Any, ...]]:
        return self._db.read(lambda connection: connection.execute(sql, parameters).fetchall(), timeout=timeout)


@lru_cache(maxsize=16)
def _listed(query: str, names: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    return queries.listed(query, names=names)


def time_range(since_ms: int | None, until_ms: int | None) -> dict[str, int]:
    """The parameters `since_ms` and `until_ms`, either end open."""
    return {"since_ms": -_ANY if since_ms is None else since_ms, "until_ms": _ANY if until_ms is None else until_ms}


def audiences(audience: int | None) -> dict[str, int]:
    """The parameters `lowest` and `highest`: one audience, or all."""
    return {"lowest": 0, "highest": 9} if audience is None else {"lowest": audience, "highest": audience}


def rows_of(events: Sequence[Event], received_at: int = 0) -> list[tuple[Any, ...]]:
    """Rows in the order of `queries.COLUMNS`. `received_at` never falls from row to row, nor below the one given,
    whatever the clock did: finding a day by bisection relies on it. A page view's own id is not written twice."""
    rows = []
    for event in events:
        row = _as_tuple(event)
        items = encode_json(row[11]).decode() if row[11] else None
        properties = encode_json(row[12]).decode() if row[12] else None
        received_at = max(row[3], received_at)
        page = "" if row[9] == row[0] else row[9]
        rows.append((*row[:3], received_at, *row[4:9], page, row[10], items, properties))
    return rows


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    """-> how many rows are new."""
    fitting = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(rows[0])
    at_once = next(size for size in queries.ROWS if size <= fitting)
    whole = len(rows) - len(rows) % at_once
    added = 0
    for start in range(0, whole, at_once):
        values = list(chain.from_iterable(rows[start : start + at_once]))
        added += connection.execute(queries.ADD_EVENTS[at_once], values).rowcount
    return added + connection.executemany(queries.ADD_EVENT, rows[whole:]).rowcount if whole < len(rows) else added


def event_of(row: Sequence[Any]) -> Event:
    """The inverse of `rows_of`."""
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
        page_view_id=row[0] if row[9] == "" else row[9],
        route=row[10],
        items=decode_items(row[11]) if row[11] else [],
        properties=decode_properties(row[12]) if row[12] else {},
    )


def refuses(event: Event) -> bool:
    """A withdrawal of consent."""
    return event.event == "consent_update" and event.properties.get("granted") is False


def names_who_refuses(event: Event) -> bool:
    """A withdrawal by somebody who was known until then."""
    return refuses(event) and (event.anonymous_id or event.user_id) is not None


def _forget(connection: sqlite3.Connection, visitors: Sequence[str | None]) -> int:
    keys = [{"visitor": visitor} for visitor in visitors if visitor is not None]
    connection.executemany(queries.FORGET_LINES, keys)
    connection.executemany(queries.WITHDRAW_CHATS, keys)
    connection.executemany(queries.FORGET_LINKS, keys)
    return connection.executemany(queries.FORGET_EVENTS, keys).rowcount if keys else 0


def _links(events: Sequence[Event]) -> list[dict[str, Any]]:
    found = {
        event.anonymous_id: (event.user_id, event.timestamp)
        for event in events
        if event.user_id is not None
        and event.anonymous_id is not None
        and event.audience == VISITOR
        and not refuses(event)
    }
    return [{"anonymous_id": anonymous, "user_id": user, "at": at} for anonymous, (user, at) in found.items()]
