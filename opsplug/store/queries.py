"""Every SQL text. Named parameters and `ON CONFLICT`, so that one text serves SQLite and PostgreSQL.

`{names}` and the like stand where `listed` puts the placeholders of a list.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

COLUMNS: Final = (
    "event_id, event, timestamp, received_at, source, audience, anonymous_id, user_id, session_id, page_view_id, route,"
    " items, properties"
)


def listed(sql: str, **lists: Iterable[Any]) -> tuple[str, dict[str, Any]]:
    """`event IN ({names})` with names=("a", "b") -> `event IN (:names0, :names1)` and its parameters."""
    parameters = {f"{name}{n}": value for name, values in lists.items() for n, value in enumerate(values)}
    marks = {name: ", ".join(f":{key}" for key in parameters if key.rstrip("0123456789") == name) for name in lists}
    return sql.format_map(_Marks(marks)), parameters


class _Marks(dict[str, str]):
    def __init__(self, marks: Mapping[str, str]) -> None:
        super().__init__({name: text or "NULL" for name, text in marks.items()})


# -- migrations -----------------------------------------------------------------------------------------------------
HAS_MIGRATIONS: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'"
CREATE_MIGRATIONS: Final = """CREATE TABLE IF NOT EXISTS migrations
    (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL)"""
NEWEST_MIGRATION: Final = "SELECT COALESCE(MAX(number), 0) FROM migrations"
ADD_MIGRATION: Final = "INSERT INTO migrations (number, name, applied_at) VALUES (:number, :name, :now)"

# -- rebuilding: each table with what its rows are found by, so that both ends can be read towards a bad page ----------
TABLES: Final = {
    "events": "id",
    "links": "anonymous_id",
    "items": "rowid",
    "versions": "rowid",
    "documents": "rowid",
    "leases": "rowid",
    "counters": "rowid",
}
READ_UP: Final = "SELECT {key}, * FROM {table} ORDER BY {key}"
READ_DOWN: Final = "SELECT {key}, * FROM {table} ORDER BY {key} DESC"
COPY_ROW: Final = "INSERT OR IGNORE INTO {table} VALUES ({marks})"

# -- events ---------------------------------------------------------------------------------------------------------
# Positional: binding thirteen names costs a third of the whole insert. (PostgreSQL copies instead.) Many rows in one
# statement: the driver gives up the interpreter once in a statement, and where requests keep it busy gets it back only
# after five milliseconds. OR FAIL: without it such a statement keeps a journal of its own, for twice the price.
_ROW: Final = f"({', '.join('?' * (COLUMNS.count(',') + 1))})"
ADD_EVENT: Final = f"INSERT OR FAIL INTO events ({COLUMNS}) VALUES {_ROW} ON CONFLICT (event_id) DO NOTHING"
ROWS: Final = (200, 70)  # 2,600 values; SQLite before 3.32 takes 999
ADD_EVENTS: Final = {rows: ADD_EVENT.replace(_ROW, ", ".join([_ROW] * rows)) for rows in ROWS}
LAST_RECEIVED: Final = "SELECT received_at FROM events ORDER BY id DESC LIMIT 1"
FIRST_ID: Final = "SELECT COALESCE(MIN(id), 0) FROM events"
LAST_ID: Final = "SELECT COALESCE(MAX(id), 0) FROM events"
RECEIVED_FROM: Final = "SELECT id, received_at FROM events WHERE id >= :id ORDER BY id LIMIT 1"
FIND_EVENT: Final = f"SELECT {COLUMNS} FROM events WHERE event_id = :event_id"
_OF_VISITOR: Final = """FROM events
    WHERE COALESCE(anonymous_id, user_id) = :visitor AND COALESCE(anonymous_id, user_id) IS NOT NULL
    AND event IN ({names}) ORDER BY timestamp DESC LIMIT :limit"""
HISTORY: Final = f"SELECT {COLUMNS} {_OF_VISITOR}"
STEPS: Final = f"SELECT event_id, event, timestamp, items, properties {_OF_VISITOR}"
READ_EVENTS: Final = f"""SELECT id, {COLUMNS} FROM events
    WHERE id > :after AND timestamp >= :since_ms AND timestamp < :until_ms AND audience BETWEEN :lowest AND :highest
    ORDER BY id LIMIT :batch"""
READ_NAMED_EVENTS: Final = f"""SELECT id, {COLUMNS} FROM events
    WHERE id > :after AND timestamp >= :since_ms AND timestamp < :until_ms AND audience BETWEEN :lowest AND :highest
    AND event IN ({{names}}) ORDER BY id LIMIT :batch"""
FORGET_EVENTS: Final = """UPDATE events SET anonymous_id = NULL, user_id = NULL, session_id = NULL, page_view_id = NULL
    WHERE COALESCE(anonymous_id, user_id) = :visitor AND COALESCE(anonymous_id, user_id) IS NOT NULL"""
PRUNE_EVENTS: Final = (
    """DELETE FROM events WHERE id IN (SELECT id FROM events WHERE id < :before ORDER BY id LIMIT :batch)"""
)

# Visitors who loaded page after page without the snippet ever reporting, nor an order; see features.cleaning.
SILENT_VISITORS: Final = """SELECT COALESCE(anonymous_id, user_id) FROM events
    WHERE audience = 0 AND source <> 'import' AND COALESCE(anonymous_id, user_id) IS NOT NULL
    GROUP BY COALESCE(anonymous_id, user_id) HAVING COUNT(*) > :pages
    AND SUM(CASE WHEN event = 'page_view' THEN 1 ELSE 0 END) > :pages
    AND SUM(CASE WHEN source = 'browser' OR event = 'purchase' THEN 1 ELSE 0 END) = 0
    AND MAX(timestamp) - MIN(timestamp) < :pace_ms * COUNT(*)"""
REPORTING_VISITORS: Final = """SELECT COUNT(DISTINCT COALESCE(anonymous_id, user_id)) FROM events
    WHERE audience = 0 AND source = 'browser'"""

# The first user of an anonymous id stays; `linked_at` follows the newest event.
ADD_LINK: Final = """INSERT INTO links (anonymous_id, user_id, linked_at) VALUES (:anonymous_id, :user_id, :at)
    ON CONFLICT (anonymous_id) DO UPDATE SET linked_at = excluded.linked_at
    WHERE links.user_id = excluded.user_id AND links.linked_at < excluded.linked_at - 3600000"""
LINKED_IDS: Final = "SELECT anonymous_id FROM links WHERE user_id = :user_id ORDER BY linked_at DESC LIMIT :limit"
FORGET_LINKS: Final = "DELETE FROM links WHERE anonymous_id = :visitor OR user_id = :visitor"

# -- catalogue ------------------------------------------------------------------------------------------------------
GET_ITEMS: Final = "SELECT item_id, record, origin, parts FROM items WHERE item_id IN ({ids})"
ALL_ITEMS: Final = "SELECT item_id, record FROM items WHERE item_id > :after ORDER BY item_id LIMIT :batch"
PUT_ITEM: Final = """INSERT INTO items (item_id, record, origin, parts, updated_at, seen_at)
    VALUES (:item_id, :record, :origin, :parts, :now, :now)
    ON CONFLICT (item_id) DO UPDATE SET record = excluded.record, origin = excluded.origin, parts = excluded.parts,
    updated_at = excluded.updated_at, seen_at = excluded.seen_at"""
SEE_ITEM: Final = """UPDATE items SET seen_at = CASE WHEN seen_at < :now THEN :now ELSE seen_at END, parts = :parts
    WHERE item_id = :item_id"""
REMOVE_ITEMS: Final = "DELETE FROM items WHERE item_id IN ({ids})"
REMOVE_ITEMS_OF: Final = "DELETE FROM items WHERE origin = :origin AND item_id IN ({ids})"
IDS_OF_ORIGIN: Final = "SELECT item_id FROM items WHERE origin = :origin"
EXPIRE_ITEMS: Final = "DELETE FROM items WHERE origin = :origin AND seen_at < :before"
# A shop's own SQLite file.
TABLE_NAMES: Final = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
TABLE_ROWS: Final = 'SELECT * FROM "{table}"'
VERSION: Final = "SELECT value FROM versions WHERE name = :name"
# Starts at the time of day, so that a new database never repeats a version of the old one.
RAISE_VERSION: Final = """INSERT INTO versions (name, value) VALUES (:name, :now)
    ON CONFLICT (name) DO UPDATE SET value = CASE WHEN versions.value < excluded.value
    THEN excluded.value ELSE versions.value + 1 END"""

# -- documents, leases, counters ------------------------------------------------------------------------------------
PUT_DOCUMENT: Final = """INSERT INTO documents (kind, key, value, updated_at) VALUES (:kind, :key, :value, :now)
    ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"""
ADD_DOCUMENT: Final = """INSERT INTO documents (kind, key, value, updated_at) VALUES (:kind, :key, :value, :now)
    ON CONFLICT (kind, key) DO NOTHING"""
GET_DOCUMENT: Final = "SELECT value FROM documents WHERE kind = :kind AND key = :key"
DOCUMENTS: Final = "SELECT key, value FROM documents WHERE kind = :kind ORDER BY key"
DOCUMENTS_FROM: Final = """SELECT key, value FROM documents
    WHERE kind = :kind AND key >= :prefix AND key < :beyond AND substr(key, 1, :length) = :prefix ORDER BY key"""
DOCUMENT_KEYS: Final = "SELECT key FROM documents WHERE kind = :kind ORDER BY key"
DOCUMENTS_SINCE: Final = "SELECT key, value FROM documents WHERE kind = :kind AND updated_at >= :since ORDER BY key"
DOCUMENTS_BEFORE: Final = """SELECT key, value FROM documents WHERE kind = :kind AND updated_at < :before
    ORDER BY updated_at, key LIMIT :limit"""
NEWEST_DOCUMENTS: Final = """SELECT key, value FROM documents WHERE kind = :kind
    ORDER BY updated_at DESC, key LIMIT :limit"""
DELETE_DOCUMENT: Final = "DELETE FROM documents WHERE kind = :kind AND key = :key"
DELETE_OLDER_DOCUMENTS: Final = "DELETE FROM documents WHERE kind = :kind AND updated_at < :before"
# A visitor's line of insight goes with the visitor, also the one of the user that an anonymous id belongs to.
FORGET_LINES: Final = """DELETE FROM documents WHERE kind = 'visitor' AND (key = :visitor
    OR key IN (SELECT user_id FROM links WHERE anonymous_id = :visitor))"""
# A visitor's conversations are marked: a service removes them, at once or when the person who serves one has closed it.
# Keys are PERSON/CONVERSATION, where a person is a device (a:), or the user that a device belongs to (u:).
WITHDRAW_CHATS: Final = """WITH people AS (SELECT 'a:' || :visitor AS person UNION SELECT 'u:' || :visitor
    UNION SELECT 'u:' || user_id FROM links WHERE anonymous_id = :visitor)
    INSERT INTO documents (kind, key, value, updated_at)
    SELECT 'chat_withdrawn', documents.key, '{}', documents.updated_at FROM people JOIN documents
    ON documents.kind = 'chat_visitor' AND documents.key > person || '/' AND documents.key < person || '0'
    WHERE substr(documents.key, length(person) + 2) NOT LIKE '%/%' ON CONFLICT (kind, key) DO NOTHING"""
ACQUIRE_LEASE: Final = """INSERT INTO leases (name, holder, expires_at) VALUES (:name, :holder, :expires)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
    WHERE leases.holder = excluded.holder OR leases.expires_at <= :now"""
RELEASE_LEASE: Final = "DELETE FROM leases WHERE name = :name AND holder = :holder"
ADD_COUNT: Final = """INSERT INTO counters (name, value) VALUES (:name, :n)
    ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value"""
COUNTS: Final = "SELECT name, value FROM counters ORDER BY name"

# -- statistics: `first` is the id to start at, see Store.rows -------------------------------------------------------
DAY_COUNTS: Final = """SELECT (timestamp + :offset_ms) / 86400000 AS day, event, audience, COUNT(*) FROM events
    WHERE id >= :first AND timestamp >= :since_ms AND timestamp < :until_ms GROUP BY 1, 2, 3"""
DAY_VISITORS: Final = """SELECT (timestamp + :offset_ms) / 86400000 AS day,
    COUNT(DISTINCT COALESCE(anonymous_id, user_id)) FROM events
    WHERE id >= :first AND timestamp >= :since_ms AND timestamp < :until_ms AND audience = 0 AND source <> 'import'
    GROUP BY 1"""
VISITORS: Final = """SELECT COUNT(DISTINCT COALESCE(anonymous_id, user_id)) FROM events
    WHERE id >= :first AND timestamp >= :since_ms AND timestamp < :until_ms AND audience = 0 AND source <> 'import'"""
BUYERS: Final = """SELECT COUNT(DISTINCT COALESCE(anonymous_id, user_id)) FROM events
    WHERE id >= :first AND timestamp >= :since_ms AND timestamp < :until_ms AND audience = 0 AND event = 'purchase'
    AND source <> 'import'"""
AGREED: Final = """SELECT COUNT(*), COUNT(anonymous_id) FROM events
    WHERE id >= :first AND timestamp >= :since_ms AND timestamp < :until_ms AND audience = 0 AND event = 'page_view'"""
NEWEST_EVENT: Final = "SELECT timestamp FROM events ORDER BY id DESC LIMIT 1"
QUARTER_PAGES: Final = """SELECT timestamp / 900000, COUNT(*) FROM events
    WHERE event = 'page_view' AND audience = 0 GROUP BY 1 ORDER BY 1"""
