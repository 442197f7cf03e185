-- The newest of a kind are listed and the oldest removed without reading all of it.
CREATE INDEX documents_by_age ON documents (kind, updated_at);
