-- Which model makes this installation's vectors, and the vectors of the one that is to take its
-- place. The same version for the other database has the same tables and columns.

CREATE TABLE embedding_models (
    -- serving: its vectors are searched. building: its vectors are being made. superseded: the
    -- configuration may name it still, since the one that serves took its place.
    role       TEXT PRIMARY KEY NOT NULL CHECK (role IN ('serving', 'building', 'superseded')),
    model      TEXT NOT NULL,
    dimension  INTEGER NOT NULL,
    -- How it is reached: provider, name, address. No secret.
    source     TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

-- Vectors of another model than the passage's own. They are moved into the passages once their
-- model serves, so that this table is empty most of the time.
CREATE TABLE embeddings (
    passage_id     BLOB NOT NULL REFERENCES passages (id) ON DELETE CASCADE,
    model          TEXT NOT NULL,
    content_sha256 BLOB NOT NULL,
    -- f32, little-endian.
    embedding      BLOB NOT NULL,
    PRIMARY KEY (passage_id, model)
) STRICT;
CREATE INDEX embeddings_text ON embeddings (model, content_sha256);
