CREATE TABLE items (
    item_id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    origin TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
);
-- One row: a number that every change of the catalogue raises.
CREATE TABLE catalogue_version (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL
);
INSERT INTO catalogue_version (one, version) VALUES (1, 0);
