-- One row for one thing that happened. Times are epoch milliseconds; received_at never falls as id grows.
-- page_view_id is empty where it is the event_id itself: half of all events are page views.
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
-- A visitor's history. Events of nobody (no consent) need no place in it.
CREATE INDEX events_visitor ON events (COALESCE(anonymous_id, user_id), timestamp)
    WHERE COALESCE(anonymous_id, user_id) IS NOT NULL;

-- An anonymous id belongs to at most one user.
CREATE TABLE links (
    anonymous_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    linked_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX links_user ON links (user_id, linked_at);
