-- Documents, their passages, the log that indexes follow, rooms, messages, users, audit, keys.
-- The same version in ../sqlite has the same tables and columns; only types differ.

CREATE TABLE documents (
    id                 UUID PRIMARY KEY,
    owner_id           UUID NOT NULL,
    collection         TEXT NOT NULL,
    status             TEXT NOT NULL CHECK (status IN ('queued', 'processing', 'indexed', 'failed')),
    -- The generation that readers see; 0 before the first. The newest one handed out is
    -- next_generation - 1.
    current_generation BIGINT NOT NULL,
    next_generation    BIGINT NOT NULL,
    passages           BIGINT NOT NULL,
    bytes              BIGINT NOT NULL,
    sha256             BYTEA NOT NULL,
    fingerprint        TEXT,
    content_type       TEXT NOT NULL,
    filename           TEXT NOT NULL,
    title              TEXT NOT NULL,
    uri                TEXT NOT NULL,
    error              TEXT,
    metadata           JSONB NOT NULL,
    -- What the newest version was handed in with, until it is committed: a crash must not lose it.
    pending            JSONB,
    created_at         TIMESTAMPTZ NOT NULL,
    updated_at         TIMESTAMPTZ NOT NULL,
    UNIQUE (owner_id, collection, uri)
);
CREATE INDEX documents_unfinished ON documents (id) WHERE status IN ('queued', 'processing');

CREATE TABLE rooms (
    id          UUID PRIMARY KEY,
    owner_id    UUID NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('main', 'sub', 'review', 'session')),
    parent_id   UUID REFERENCES rooms (id) ON DELETE CASCADE,
    session_key TEXT,
    name        TEXT NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL,
    UNIQUE (owner_id, session_key)
);
CREATE INDEX rooms_parent ON rooms (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE messages (
    id         UUID PRIMARY KEY,
    room_id    UUID NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    owner_id   UUID NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    status     TEXT NOT NULL CHECK (status IN ('complete', 'incomplete')),
    created_at TIMESTAMPTZ NOT NULL,
    -- Sealed: readable only with the key that the envelope names.
    content    BYTEA NOT NULL,
    details    BYTEA NOT NULL
);
CREATE INDEX messages_room ON messages (room_id, id);

CREATE TABLE passages (
    id             UUID PRIMARY KEY,
    owner_id       UUID NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('document', 'message')),
    document_id    UUID REFERENCES documents (id) ON DELETE CASCADE,
    collection     TEXT,
    message_id     UUID REFERENCES messages (id) ON DELETE CASCADE,
    room_id        UUID REFERENCES rooms (id) ON DELETE CASCADE,
    generation     BIGINT NOT NULL,
    ordinal        BIGINT NOT NULL,
    page           BIGINT,
    char_start     BIGINT NOT NULL,
    char_end       BIGINT NOT NULL,
    -- Of the text that a model sees (headings and content), so that it is never embedded twice.
    content_sha256 BYTEA NOT NULL,
    model          TEXT,
    created_at     TIMESTAMPTZ NOT NULL,
    heading        TEXT NOT NULL,
    content        TEXT NOT NULL,
    -- f32, little-endian.
    embedding      BYTEA,
    CHECK ((kind = 'document') = (document_id IS NOT NULL AND collection IS NOT NULL)),
    CHECK ((kind = 'message') = (message_id IS NOT NULL AND room_id IS NOT NULL)),
    CHECK ((model IS NULL) = (embedding IS NULL))
);
-- Vectors do not compress: trying costs time and gains nothing.
ALTER TABLE passages ALTER COLUMN embedding SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX passages_document ON passages (document_id, generation, ordinal)
    WHERE document_id IS NOT NULL;
CREATE UNIQUE INDEX passages_message ON passages (message_id, generation, ordinal)
    WHERE message_id IS NOT NULL;
CREATE INDEX passages_room ON passages (room_id) WHERE room_id IS NOT NULL;
CREATE INDEX passages_text ON passages (model, content_sha256);

-- The order of seq is the order of commits: writers take turns (see src/store/change_log.rs).
CREATE TABLE change_log (
    seq          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    op           TEXT NOT NULL CHECK (op IN ('upsert', 'delete')),
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('document', 'message')),
    subject_id   UUID NOT NULL,
    -- NULL: every generation.
    generation   BIGINT,
    created_at   TIMESTAMPTZ NOT NULL
);

CREATE TABLE users (
    id            UUID PRIMARY KEY,
    username      TEXT NOT NULL UNIQUE,
    email         TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_admin      BOOLEAN NOT NULL,
    suspended     BOOLEAN NOT NULL,
    token_version BIGINT NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    updated_at    TIMESTAMPTZ NOT NULL
);

CREATE TABLE audit (
    id         UUID PRIMARY KEY,
    timestamp  TIMESTAMPTZ NOT NULL,
    action     TEXT NOT NULL,
    user_id    TEXT,
    result     TEXT NOT NULL CHECK (result IN ('success', 'failure')),
    ip_address TEXT,
    request_id TEXT,
    details    JSONB NOT NULL
);

CREATE TABLE keyring (
    key_id      TEXT PRIMARY KEY,
    kek_id      TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    state       TEXT NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL
);
