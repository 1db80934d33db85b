-- Where an index on a server stands, and who may write to it. An embedded index keeps the same in
-- its own folder and has no row here.
-- The same version in ../postgres has the same table and columns; only types differ.

CREATE TABLE index_targets (
    -- The alias on the server: one for each embedding model.
    name             TEXT PRIMARY KEY NOT NULL,
    -- Marks what on the server belongs to this database.
    instance         BLOB NOT NULL,
    -- NULL: an index of words alone.
    model            TEXT,
    dimension        INTEGER,
    -- The build that serves; 0 before the first. last_build is the newest number handed out.
    build            INTEGER NOT NULL,
    last_build       INTEGER NOT NULL,
    -- The cursor: the last change that the build holds durably.
    sequence         INTEGER NOT NULL,
    terms_version    TEXT NOT NULL,
    average_terms    REAL NOT NULL,
    added_passages   INTEGER NOT NULL,
    added_terms      INTEGER NOT NULL,
    -- The process that may write, until when.
    lease_holder     BLOB,
    lease_expires_at TEXT,
    CHECK ((model IS NULL) = (dimension IS NULL)),
    CHECK ((lease_holder IS NULL) = (lease_expires_at IS NULL))
) STRICT;
