-- Times are epoch milliseconds. `id` grows with the order of storing, which is the order of received_at but for imports.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    audience INTEGER NOT NULL,
    anonymous_id TEXT,
    user_id TEXT,
    session_id TEXT,
    page_view_id TEXT,
    route TEXT,
    items TEXT,
    properties TEXT
);
-- A visitor's last events are the one read that a request may wait for.
CREATE INDEX events_by_visitor ON events (COALESCE(anonymous_id, user_id), timestamp)
    WHERE COALESCE(anonymous_id, user_id) IS NOT NULL;
CREATE TABLE links (
    anonymous_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    linked_at INTEGER NOT NULL
);
CREATE INDEX links_by_user ON links (user_id, linked_at);
