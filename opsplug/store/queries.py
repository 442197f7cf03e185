"""Every SQL text but the migrations', in the subset that SQLite and PostgreSQL share."""

EVENT_COLUMNS = (
    "event_id, event, timestamp, received_at, source, audience, "
    "anonymous_id, user_id, session_id, page_view_id, route, items, properties"
)
# Positional parameters: binding names would cost a fifth of the writer's time.
ADD_EVENT = f"INSERT INTO events ({EVENT_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (event_id) DO NOTHING"
ADD_LINK = "INSERT INTO links (anonymous_id, user_id, linked_at) VALUES (?,?,?) ON CONFLICT (anonymous_id) DO NOTHING"

VISITORS_OF = "SELECT anonymous_id FROM links WHERE user_id = :user_id ORDER BY linked_at DESC LIMIT 8"
HISTORY = f"""
SELECT {EVENT_COLUMNS} FROM events
WHERE COALESCE(anonymous_id, user_id) IN ({{visitors}}) AND event IN ({{names}})
ORDER BY timestamp DESC, id DESC LIMIT ?
"""
READ_EVENTS = f"""
SELECT id, {EVENT_COLUMNS} FROM events
WHERE id > :after_id{{conditions}} ORDER BY id LIMIT :batch
"""
SINCE = " AND timestamp >= :since_ms"
UNTIL = " AND timestamp < :until_ms"
AUDIENCE = " AND audience = :audience"
NAMES = " AND event IN ({names})"

RECEIVED_AT = "SELECT id, received_at FROM events WHERE id >= :id ORDER BY id LIMIT 1"
ID_RANGE = "SELECT COALESCE(MIN(id), 0), COALESCE(MAX(id), 0) FROM events"
COUNT_EVENTS = "SELECT COUNT(*) FROM events"
FORGET_EVENTS = """
UPDATE events SET anonymous_id = NULL, user_id = NULL, session_id = NULL, page_view_id = NULL
WHERE COALESCE(anonymous_id, user_id) = :visitor
"""
FORGET_LINK = "DELETE FROM links WHERE anonymous_id = :visitor OR user_id = :visitor"
PRUNE = "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE timestamp < :before_ms ORDER BY id LIMIT :batch)"

DAILY_EVENTS = """
SELECT (timestamp + :offset_ms) / 86400000 AS day, event, audience, COUNT(*) FROM events
WHERE timestamp >= :since_ms AND timestamp < :until_ms GROUP BY 1, 2, 3
"""
DAILY_VISITORS = """
SELECT (timestamp + :offset_ms) / 86400000 AS day, COUNT(DISTINCT COALESCE(anonymous_id, user_id)) FROM events
WHERE timestamp >= :since_ms AND timestamp < :until_ms AND audience = 0 GROUP BY 1
"""
COUNT_VISITORS = """
SELECT COUNT(DISTINCT COALESCE(anonymous_id, user_id)) FROM events
WHERE timestamp >= :since_ms AND timestamp < :until_ms AND audience = 0
"""

PUT_ITEM = """
INSERT INTO items (item_id, record, origin, updated_at, seen_at)
VALUES (:item_id, :record, :origin, :now_ms, :now_ms)
ON CONFLICT (item_id) DO UPDATE SET record = excluded.record, origin = excluded.origin,
    updated_at = excluded.updated_at, seen_at = excluded.seen_at
WHERE items.origin <> 'explicit' OR excluded.origin = 'explicit'
"""
REMOVE_ITEM = "DELETE FROM items WHERE item_id = ?"
EXPIRE_ITEMS = "DELETE FROM items WHERE origin = :origin AND seen_at < :unseen_since_ms"
ALL_ITEMS = "SELECT item_id, record FROM items ORDER BY item_id"
GET_ITEMS = "SELECT item_id, record FROM items WHERE item_id IN ({ids})"
CATALOGUE_VERSION = "SELECT version FROM catalogue_version"
CATALOGUE_CHANGED = "UPDATE catalogue_version SET version = version + 1"

PUT_DOCUMENT = """
INSERT INTO documents (kind, key, value, updated_at) VALUES (:kind, :key, :value, :now_ms)
ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
"""
GET_DOCUMENT = "SELECT value FROM documents WHERE kind = :kind AND key = :key"
DOCUMENTS = "SELECT key, value FROM documents WHERE kind = :kind AND key >= :prefix ORDER BY key"
DELETE_DOCUMENT = "DELETE FROM documents WHERE kind = :kind AND key = :key"

ACQUIRE_LEASE = """
INSERT INTO leases (name, holder, expires_at) VALUES (:name, :holder, :expires_at)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
WHERE leases.holder = excluded.holder OR leases.expires_at <= :now_ms
"""
RELEASE_LEASE = "DELETE FROM leases WHERE name = :name AND holder = :holder"
LEASE_HOLDER = "SELECT holder FROM leases WHERE name = :name AND expires_at > :now_ms"

ADD_COUNT = """
INSERT INTO counters (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value
"""
COUNTS = "SELECT name, value FROM counters ORDER BY name"

APPLIED_MIGRATIONS = "SELECT name FROM migrations ORDER BY name"
MIGRATIONS_TABLE = "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL)"
RECORD_MIGRATION = "INSERT INTO migrations (name, applied_at) VALUES (:name, :applied_at)"


def placeholders(count: int) -> str:
    """`?,?,?`"""
    return ",".join("?" * count)


def named(prefix: str, count: int) -> str:
    """`:name0,:name1`"""
    return ",".join(f":{prefix}{index}" for index in range(count))
