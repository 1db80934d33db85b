-- Sessions: when each was last used and what counts against its limits; the keys of those that were
-- deleted; summaries of old messages; feedback.
-- The same version in ../postgres has the same tables and columns; only types differ.

CREATE TABLE session_state (
    room_id           BLOB PRIMARY KEY NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    -- At most a minute behind the truth while a session is in steady use: a message that is added
    -- is a use as well, and rooms.updated_at has its time.
    last_used_at      TEXT NOT NULL,
    -- Whose conversation it is, where one API key serves many people: made from the nickname.
    nickname_id       BLOB,
    -- Whether it takes a place of SESSION_MAX and SESSION_MAX_PER_IP, and from where it was begun.
    counted           INTEGER NOT NULL,
    begun_from        TEXT,
    -- The hour that SESSION_QUERIES_PER_HOUR counts in.
    window_started_at TEXT,
    window_queries    INTEGER NOT NULL
) STRICT;
CREATE INDEX session_state_used ON session_state (last_used_at);
CREATE INDEX session_state_nickname ON session_state (nickname_id, room_id)
    WHERE nickname_id IS NOT NULL;
INSERT INTO session_state (room_id, last_used_at, counted, window_queries)
    SELECT id, updated_at, FALSE, 0 FROM rooms WHERE kind = 'session';

-- A deleted session's key does not begin a new one.
CREATE TABLE deleted_sessions (
    owner_id    BLOB NOT NULL,
    session_key TEXT NOT NULL,
    deleted_at  TEXT NOT NULL,
    PRIMARY KEY (owner_id, session_key)
) STRICT;

-- A summary is a message of its room; it stands for the room's messages from from_id to to_id, and
-- for the summary before it.
CREATE TABLE summaries (
    message_id BLOB PRIMARY KEY NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    room_id    BLOB NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    from_id    BLOB NOT NULL,
    to_id      BLOB NOT NULL,
    messages   INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (room_id, from_id)
) STRICT;
CREATE INDEX summaries_room ON summaries (room_id, to_id);

-- Feedback outlives the message that it is about: its question, answer and sources are copied.
CREATE TABLE feedback (
    id         BLOB PRIMARY KEY NOT NULL,
    owner_id   BLOB NOT NULL,
    message_id BLOB NOT NULL UNIQUE,
    thumbs_up  INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    -- Sealed: readable only with the key that the envelope names.
    content    BLOB NOT NULL
) STRICT;

-- For operators with the sqlite3 shell, whose queries compare with datetime('now'). A view without
-- triggers cannot be written to. Whoever changes rooms, messages or session_state drops them first.
CREATE VIEW sessions (session_id, room_id, created_at, last_used_at, messages) AS
    SELECT COALESCE(rooms.session_key, lower(hex(rooms.id))), lower(hex(rooms.id)),
        datetime(rooms.created_at),
        datetime(MAX(rooms.updated_at, COALESCE(session_state.last_used_at, rooms.updated_at))),
        (SELECT COUNT(*) FROM messages WHERE messages.room_id = rooms.id)
    FROM rooms LEFT JOIN session_state ON session_state.room_id = rooms.id
    WHERE rooms.kind IN ('session', 'voice');
CREATE VIEW checkpoints (thread_id, checkpoint_id, role, created_at) AS
    SELECT COALESCE(rooms.session_key, lower(hex(rooms.id))), lower(hex(messages.id)),
        messages.role, datetime(messages.created_at)
    FROM messages JOIN rooms ON rooms.id = messages.room_id
    WHERE rooms.kind IN ('session', 'voice');
