-- Where an index on a server stands, and who may write to it. An embedded index keeps the same in
-- its own folder and has no row here.
-- The same version in ../sqlite has the same table and columns; only types differ.

CREATE TABLE index_targets (
    -- The alias on the server: one for each embedding model.
    name             TEXT PRIMARY KEY,
    -- Marks what on the server belongs to this database.
    instance         UUID NOT NULL,
    -- NULL: an index of words alone.
    model            TEXT,
    dimension        BIGINT,
    -- The build that serves; 0 before the first. last_build is the newest number handed out.
    build            BIGINT NOT NULL,
    last_build       BIGINT NOT NULL,
    -- The cursor: the last change that the build holds durably.
    sequence         BIGINT NOT NULL,
    terms_version    TEXT NOT NULL,
    average_terms    DOUBLE PRECISION NOT NULL,
    added_passages   BIGINT NOT NULL,
    added_terms      BIGINT NOT NULL,
    -- The process that may write, until when.
    lease_holder     UUID,
    lease_expires_at TIMESTAMPTZ,
    CHECK ((model IS NULL) = (dimension IS NULL)),
    CHECK ((lease_holder IS NULL) = (lease_expires_at IS NULL))
);
