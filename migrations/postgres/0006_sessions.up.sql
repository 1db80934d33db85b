-- Sessions: when each was last used and what counts against its limits; the keys of those that were
-- deleted; summaries of old messages; feedback.
-- The same version in ../sqlite has the same tables and columns, and two views for operators.

CREATE TABLE session_state (
    room_id           UUID PRIMARY KEY REFERENCES rooms (id) ON DELETE CASCADE,
    -- At most a minute behind the truth while a session is in steady use: a message that is added
    -- is a use as well, and rooms.updated_at has its time.
    last_used_at      TIMESTAMPTZ NOT NULL,
    -- Whose conversation it is, where one API key serves many people: made from the nickname.
    nickname_id       UUID,
    -- Whether it takes a place of SESSION_MAX and SESSION_MAX_PER_IP, and from where it was begun.
    counted           BOOLEAN NOT NULL,
    begun_from        TEXT,
    -- The hour that SESSION_QUERIES_PER_HOUR counts in.
    window_started_at TIMESTAMPTZ,
    window_queries    BIGINT NOT NULL
);
CREATE INDEX session_state_used ON session_state (last_used_at);
CREATE INDEX session_state_nickname ON session_state (nickname_id, room_id)
    WHERE nickname_id IS NOT NULL;
INSERT INTO session_state (room_id, last_used_at, counted, window_queries)
    SELECT id, updated_at, FALSE, 0 FROM rooms WHERE kind = 'session';

-- A deleted session's key does not begin a new one.
CREATE TABLE deleted_sessions (
    owner_id    UUID NOT NULL,
    session_key TEXT NOT NULL,
    deleted_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (owner_id, session_key)
);

-- A summary is a message of its room; it stands for the room's messages from from_id to to_id, and
-- for the summary before it.
CREATE TABLE summaries (
    message_id UUID PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    room_id    UUID NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    from_id    UUID NOT NULL,
    to_id      UUID NOT NULL,
    messages   BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (room_id, from_id)
);
CREATE INDEX summaries_room ON summaries (room_id, to_id);

-- Feedback outlives the message that it is about: its question, answer and sources are copied.
CREATE TABLE feedback (
    id         UUID PRIMARY KEY,
    owner_id   UUID NOT NULL,
    message_id UUID NOT NULL UNIQUE,
    thumbs_up  BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- Sealed: readable only with the key that the envelope names.
    content    BYTEA NOT NULL
);
