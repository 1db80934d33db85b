-- What operators have changed while ragd runs; every process reads it every few seconds.
-- The same version in ../postgres has the same table and columns; only types differ.

CREATE TABLE overrides (
    name       TEXT PRIMARY KEY NOT NULL,
    -- JSON.
    value      TEXT NOT NULL,
    -- What the configuration said when it was made: a start with another configuration drops it.
    baseline   TEXT NOT NULL,
    -- NULL: until it is taken back.
    expires_at TEXT,
    updated_at TEXT NOT NULL,
    updated_by TEXT NOT NULL
) STRICT;
