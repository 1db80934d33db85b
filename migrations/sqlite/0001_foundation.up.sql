-- Documents, their passages, the log that indexes follow, rooms, messages, users, audit, keys.
-- The same version in ../postgres has the same tables and columns; only types differ.

CREATE TABLE documents (
    id                 BLOB PRIMARY KEY NOT NULL,
    owner_id           BLOB NOT NULL,
    collection         TEXT NOT NULL,
    status             TEXT NOT NULL CHECK (status IN ('queued', 'processing', 'indexed', 'failed')),
    -- The generation that readers see; 0 before the first. The newest one handed out is
    -- next_generation - 1.
    current_generation INTEGER NOT NULL,
    next_generation    INTEGER NOT NULL,
    passages           INTEGER NOT NULL,
    bytes              INTEGER NOT NULL,
    sha256             BLOB NOT NULL,
    fingerprint        TEXT,
    content_type       TEXT NOT NULL,
    filename           TEXT NOT NULL,
    title              TEXT NOT NULL,
    uri                TEXT NOT NULL,
    error              TEXT,
    metadata           TEXT NOT NULL,
    -- What the newest version was handed in with, until it is committed: a crash must not lose it.
    pending            TEXT,
    created_at         TEXT NOT NULL,
    updated_at         TEXT NOT NULL,
    UNIQUE (owner_id, collection, uri)
) STRICT;
CREATE INDEX documents_unfinished ON documents (id) WHERE status IN ('queued', 'processing');

CREATE TABLE rooms (
    id          BLOB PRIMARY KEY NOT NULL,
    owner_id    BLOB NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('main', 'sub', 'review', 'session')),
    parent_id   BLOB REFERENCES rooms (id) ON DELETE CASCADE,
    session_key TEXT,
    name        TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL,
    UNIQUE (owner_id, session_key)
) STRICT;
CREATE INDEX rooms_parent ON rooms (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE messages (
    id         BLOB PRIMARY KEY NOT NULL,
    room_id    BLOB NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    owner_id   BLOB NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    status     TEXT NOT NULL CHECK (status IN ('complete', 'incomplete')),
    created_at TEXT NOT NULL,
    -- Sealed: readable only with the key that the envelope names.
    content    BLOB NOT NULL,
    details    BLOB NOT NULL
) STRICT;
CREATE INDEX messages_room ON messages (room_id, id);

CREATE TABLE passages (
    id             BLOB PRIMARY KEY NOT NULL,
    owner_id       BLOB NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('document', 'message')),
    document_id    BLOB REFERENCES documents (id) ON DELETE CASCADE,
    collection     TEXT,
    message_id     BLOB REFERENCES messages (id) ON DELETE CASCADE,
    room_id        BLOB REFERENCES rooms (id) ON DELETE CASCADE,
    generation     INTEGER NOT NULL,
    ordinal        INTEGER NOT NULL,
    page           INTEGER,
    char_start     INTEGER NOT NULL,
    char_end       INTEGER NOT NULL,
    -- Of the text that a model sees (headings and content), so that it is never embedded twice.
    content_sha256 BLOB NOT NULL,
    model          TEXT,
    created_at     TEXT NOT NULL,
    heading        TEXT NOT NULL,
    content        TEXT NOT NULL,
    -- f32, little-endian.
    embedding      BLOB,
    CHECK ((kind = 'document') = (document_id IS NOT NULL AND collection IS NOT NULL)),
    CHECK ((kind = 'message') = (message_id IS NOT NULL AND room_id IS NOT NULL)),
    CHECK ((model IS NULL) = (embedding IS NULL))
) STRICT;
CREATE UNIQUE INDEX passages_document ON passages (document_id, generation, ordinal)
    WHERE document_id IS NOT NULL;
CREATE UNIQUE INDEX passages_message ON passages (message_id, generation, ordinal)
    WHERE message_id IS NOT NULL;
CREATE INDEX passages_room ON passages (room_id) WHERE room_id IS NOT NULL;
CREATE INDEX passages_text ON passages (model, content_sha256);

-- The order of seq is the order of commits: writers take turns (see src/store/change_log.rs).
CREATE TABLE change_log (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    op           TEXT NOT NULL CHECK (op IN ('upsert', 'delete')),
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('document', 'message')),
    subject_id   BLOB NOT NULL,
    -- NULL: every generation.
    generation   INTEGER,
    created_at   TEXT NOT NULL
) STRICT;

CREATE TABLE users (
    id            BLOB PRIMARY KEY NOT NULL,
    username      TEXT NOT NULL UNIQUE,
    email         TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_admin      INTEGER NOT NULL,
    suspended     INTEGER NOT NULL,
    token_version INTEGER NOT NULL,
    created_at    TEXT NOT NULL,
    updated_at    TEXT NOT NULL
) STRICT;

CREATE TABLE audit (
    id         BLOB PRIMARY KEY NOT NULL,
    timestamp  TEXT NOT NULL,
    action     TEXT NOT NULL,
    user_id    TEXT,
    result     TEXT NOT NULL CHECK (result IN ('success', 'failure')),
    ip_address TEXT,
    request_id TEXT,
    details    TEXT NOT NULL
) STRICT;

CREATE TABLE keyring (
    key_id      TEXT PRIMARY KEY NOT NULL,
    kek_id      TEXT NOT NULL,
    wrapped_key BLOB NOT NULL,
    state       TEXT NOT NULL,
    created_at  TEXT NOT NULL
) STRICT;
