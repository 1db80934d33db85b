-- Which model makes this installation's vectors, and the vectors of the one that is to take its
-- place. The same version for the other database has the same tables and columns.

CREATE TABLE embedding_models (
    -- serving: its vectors are searched. building: its vectors are being made. superseded: the
    -- configuration may name it still, since the one that serves took its place.
    role       TEXT PRIMARY KEY NOT NULL CHECK (role IN ('serving', 'building', 'superseded')),
    model      TEXT NOT NULL,
    dimension  BIGINT NOT NULL,
    -- How it is reached: provider, name, address. No secret.
    source     JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- Vectors of another model than the passage's own. They are moved into the passages once their
-- model serves, so that this table is empty most of the time.
CREATE TABLE embeddings (
    passage_id     UUID NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
    model          TEXT NOT NULL,
    content_sha256 BYTEA NOT NULL,
    -- f32, little-endian.
    embedding      BYTEA NOT NULL,
    PRIMARY KEY (passage_id, model)
);
CREATE INDEX embeddings_text ON embeddings (model, content_sha256);
ALTER TABLE embeddings ALTER COLUMN embedding SET STORAGE EXTERNAL;
