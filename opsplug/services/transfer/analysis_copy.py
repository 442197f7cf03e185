"""The analysis copy: the store as a tidy SQLite file for Datasette, a notebook or a spreadsheet.

One row a thing, JSON unfolded into columns, foreign keys and full-text search set. It holds what the store holds and
no more: user ids are pseudonyms and chat texts are masked already; addresses that visitors left are not copied. Bots,
staff and machines are left out. Memory grows with visitors, sessions, orders and lists, not with events.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opsplug.events import Event
from opsplug.features.recommendation_id import read_id
from opsplug.services.chat.conversation_log import EVENTS as CHAT_EVENTS
from opsplug.services.chat.handover import Event as ChatEvent
from opsplug.services.chat.handover import replay
from opsplug.services.outcomes.orders import read_orders
from opsplug.services.transfer.analysis_tables import TABLES
from opsplug.services.transfer.cells import iso
from opsplug.services.transfer.errors import TransferError

if TYPE_CHECKING:
    from sqlite_utils import Database

    from opsplug.store.protocol import Store

Row = dict[str, Any]
Progress = Callable[[str, int], None]
_COUNTED = {"page_view": "page_views", "view_item": "item_views", "search": "searches", "add_to_cart": "cart_additions",
            "purchase": "orders"}  # fmt: skip
_BATCH = 1000
_LATEST_MS = 2**53


def write_analysis_copy(store: Store, path: Path, *, progress: Progress | None = None) -> dict[str, int]:
    """Write the copy to `path`, which must not be there yet; -> rows by table. `TransferError` when it cannot be."""
    if path.exists():
        raise TransferError(f"{path}: there is a file already; name another one, or remove it")
    with _drafted(path) as database:
        for name, table in TABLES.items():
            keys = [(column, other, TABLES[other].key[0]) for column, other in table.foreign_keys]
            pk = table.key if len(table.key) > 1 else table.key[0]
            database.table(name).create(table.columns, pk=pk, foreign_keys=keys)
        _Copy(store, database, progress or (lambda table, rows: None)).write()
        for name, table in TABLES.items():
            for column, _ in table.foreign_keys:
                database.table(name).create_index([column], if_not_exists=True)
            if table.words:
                database.table(name).enable_fts(table.words, tokenize="trigram")  # finds parts of words, Chinese too
        return {name: database.table(name).count for name in TABLES}


@contextmanager
def _drafted(path: Path) -> Iterator[Database]:
    """A database that only its owner may read and that appears whole or not at all."""
    import sqlite3

    from sqlite_utils import Database

    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        database = Database(draft, execute_plugins=False)
        try:
            yield database
        finally:
            database.conn.close()
        draft.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise TransferError(f"{path}: cannot be written ({error})") from error
    finally:
        with suppress(OSError):
            draft.unlink()


@dataclass
class _Copy:
    """Reads the store once, in the order in which tables refer to each other."""

    store: Store
    database: Database
    progress: Progress
    visitors: dict[str, Row] = field(default_factory=dict)
    sessions: dict[str, Row] = field(default_factory=dict)
    items: set[str] = field(default_factory=set)
    bought: dict[str, Row] = field(default_factory=dict)  # what the purchase said of itself, by order
    lists: set[str] = field(default_factory=set)
    _waiting: dict[str, list[Row]] = field(default_factory=dict)
    _written: Counter[str] = field(default_factory=Counter)

    def write(self) -> None:
        self._put_all(self._items())
        self._put_all(self._attributes())
        self._put_all(self._events(self._clicks()))
        self._put_all(self._orders())
        self._put_all(self._chats())
        self._put_all(("visitors", row) for row in self.visitors.values())
        self._put_all(("sessions", row) for row in self.sessions.values())

    def _put_all(self, rows: Iterable[tuple[str, Row]]) -> None:
        """Rows of several tables, written in batches."""
        for table, row in rows:
            waiting = self._waiting.setdefault(table, [])
            waiting.append(row)
            if len(waiting) >= _BATCH:
                self._flush(table)
        for table in self._waiting:
            self._flush(table)

    def _flush(self, table: str) -> None:
        """Rows name all columns, so that one statement serves all; the first of two with one key stays."""
        columns = TABLES[table].columns
        rows = [{name: row.get(name) for name in columns} for row in self._waiting[table]]
        self._waiting[table].clear()
        self.database.table(table).insert_all(rows, ignore=True)
        self._written[table] += len(rows)
        self.progress(table, self._written[table])

    # -- items ------------------------------------------------------------------------------------------------------
    def _items(self) -> Iterator[tuple[str, Row]]:
        for record in self.store.items():
            self.items.add(record["item_id"])
            yield "items", {**record, "created_at": _text(record.get("created_at")), "in_catalogue": 1}

    def _attributes(self) -> Iterator[tuple[str, Row]]:
        for record in self.store.items():
            tags = record.get("tags") or ()
            told = [("tag", tag) for tag in ([tags] if isinstance(tags, str) else tags)]
            for name, value in [*told, *(record.get("attributes") or {}).items()]:
                for one in value if isinstance(value, list) else [value]:
                    row = {"item_id": record["item_id"], "name": str(name), "value": _text(one) or ""}
                    yield "item_attributes", row

    def _known(self, item_id: str, name: str | None = None) -> Iterator[tuple[str, Row]]:
        """An item that the catalogue does not have (any more) gets a row, so that nothing refers to nothing."""
        if item_id not in self.items:
            self.items.add(item_id)
            yield "items", {"item_id": item_id, "item_name": name, "in_catalogue": 0}

    # -- events -----------------------------------------------------------------------------------------------------
    def _events(self, clicks: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, Row]]:
        """Lists and their items; visitors, sessions and orders are counted on the way."""
        for batch in self.store.read_events():
            for _, event in batch:
                self._count(event)
                if event.event == "purchase":
                    said = {"session_id": event.session_id, "value": event.properties.get("value")}
                    self.bought.setdefault(str(event.properties.get("transaction_id") or event.event_id), said)
                elif event.event == "view_item_list":
                    yield from self._list(event, clicks)

    def _count(self, event: Event) -> None:
        at = iso(event.timestamp)
        if event.visitor:
            visitor = self._seen(event.visitor, at)
            visitor["user"] = event.user_id or visitor["user"]
            visitor["events"] += 1
        if event.session_id:
            fresh = {"session_id": event.session_id, "visitor": event.visitor, "started": at, "ended": at, "events": 0}
            row = self.sessions.setdefault(event.session_id, fresh | dict.fromkeys(_COUNTED.values(), 0))
            row["started"], row["ended"] = min(row["started"], at), max(row["ended"], at)
            row["events"] += 1
            if event.event in _COUNTED:
                row[_COUNTED[event.event]] += 1

    def _seen(self, visitor: str, at: str) -> Row:
        fresh = {"visitor": visitor, "user": None, "first_seen": at, "last_seen": at, "events": 0}
        row = self.visitors.setdefault(visitor, fresh)
        row["first_seen"], row["last_seen"] = min(row["first_seen"], at), max(row["last_seen"], at)
        return row

    def _clicks(self) -> dict[tuple[str, str], str]:
        """The first click on an item of a list: (list, item) -> when."""
        found: dict[tuple[str, str], str] = {}
        for batch in self.store.read_events(names=("select_item",)):
            for _, event in batch:
                for item in event.items:
                    list_id = item.recommendation_id or event.properties.get("recommendation_id")
                    found.setdefault((str(list_id), item.item_id), iso(event.timestamp))
        return found

    def _list(self, event: Event, clicks: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, Row]]:
        """A list may come in several events, as its parts are seen."""
        for place, item in enumerate(event.items):
            list_id = str(item.recommendation_id or event.properties.get("recommendation_id"))
            made = read_id(list_id)
            if made is None:
                continue
            if list_id not in self.lists:
                self.lists.add(list_id)
                yield "lists", {
                    "list_id": list_id, "visitor": event.visitor, "session_id": event.session_id,
                    "shown_at": iso(event.timestamp), "placement": made.placement, "rung": made.rung,
                    "model": made.model, "holdout": int(made.holdout),
                }  # fmt: skip
            yield from self._known(item.item_id, item.item_name)
            yield "list_items", {
                "list_id": list_id, "item_id": item.item_id, "reason_code": item.reason_code,
                "position": place if item.index is None else item.index,
                "clicked_at": clicks.get((list_id, item.item_id)),
            }  # fmt: skip

    # -- orders -----------------------------------------------------------------------------------------------------
    def _orders(self) -> Iterator[tuple[str, Row]]:
        for order in read_orders(self.store, 0, _LATEST_MS):
            said = self.bought.get(order.order_id, {})
            yield "orders", {
                "order_id": order.order_id, "visitor": order.visitor or None, "session_id": said.get("session_id"),
                "ordered_at": iso(order.at_ms), "currency": order.currency or None, "value": said.get("value"),
                "amount_kept": round(order.total, 4),
            }  # fmt: skip
            for item_id, line in order.lines.items():
                yield from self._known(item_id)
                yield "order_lines", {
                    "order_id": order.order_id, "item_id": item_id, "quantity": line.quantity,
                    "quantity_kept": line.net_quantity, "amount_kept": round(line.amount, 4),
                    "list_id": line.recommendation_id if line.recommendation_id in self.lists else None,
                }  # fmt: skip

    # -- chats ------------------------------------------------------------------------------------------------------
    def _chats(self) -> Iterator[tuple[str, Row]]:
        keys = self.store.document_keys(CHAT_EVENTS)
        for chat_id, _ in groupby(keys, lambda key: key.partition("/")[0]):
            events = [ChatEvent(**value) for _, value in self.store.documents(CHAT_EVENTS, f"{chat_id}/")]
            chat = replay(chat_id, events)
            if chat.visitor:
                self._seen(chat.visitor, iso(events[0].at))
            yield "chats", {
                "chat_id": chat_id, "visitor": chat.visitor or None, "opened_at": iso(events[0].at),
                "updated_at": iso(chat.updated_at), "language": chat.language, "state": chat.state,
                "agent": chat.served_by or chat.agent or None, "messages": len(chat.messages),
                "person_wanted": chat.triggers[0][1] if chat.triggers else None, "rating": chat.rating,
            }  # fmt: skip
            for message in chat.messages:
                yield "messages", {
                    "message_id": message.id, "chat_id": chat_id, "said_at": iso(message.at), "role": message.role,
                    "by": message.by or None, "text": message.text, **_heard(message.data),
                }  # fmt: skip


def _heard(data: Mapping[str, Any]) -> Row:
    return {name: data.get(name) or None for name in ("language", "intent")} | {"sentiment": data.get("sentiment")}


def _text(value: Any) -> str | None:
    return None if value is None else value if isinstance(value, str) else str(value)
