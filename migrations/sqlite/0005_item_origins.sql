-- What each origin (explicit, catalog, page) says of an item, field by field; `record` is what they come to together.
ALTER TABLE items ADD COLUMN parts TEXT NOT NULL DEFAULT '{}';
UPDATE items SET parts = json_object(origin, json(record));
