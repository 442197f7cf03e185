-- What the shop sells, as JSON; origin is explicit (the shop told us) or page (read in its pages).
CREATE TABLE items (
    item_id TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    origin TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
);

-- Numbers that change with what they are named after.
CREATE TABLE versions (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);
