-- Durable work: enqueued in the transaction of what it is about, claimed under a lease.
-- The same version in ../postgres has the same tables and columns; only types differ.

CREATE TABLE jobs (
    id               BLOB PRIMARY KEY NOT NULL,
    owner_id         BLOB NOT NULL,
    kind             TEXT NOT NULL,
    -- The document, message or room that it is about.
    subject_id       BLOB,
    -- Names rows; never private text.
    payload          TEXT NOT NULL,
    lane             TEXT NOT NULL CHECK (lane IN ('high_priority', 'default', 'low_priority')),
    run_at           TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'done', 'dead', 'cancelled')),
    attempt          INTEGER NOT NULL,
    max_attempts     INTEGER NOT NULL,
    crashes          INTEGER NOT NULL,
    -- Who holds it, until when: a token of one claim, and the installation that claimed.
    lease_token      BLOB,
    lease_holder     BLOB,
    lease_until      TEXT,
    dedupe_key       TEXT,
    cancel_requested INTEGER NOT NULL,
    stage            TEXT NOT NULL,
    stage_done       INTEGER NOT NULL,
    stage_total      INTEGER NOT NULL,
    last_error       TEXT,
    -- Since when it waits for something that is down.
    waiting_since    TEXT,
    created_at       TEXT NOT NULL,
    started_at       TEXT,
    finished_at      TEXT,
    CHECK ((state = 'leased') =
        (lease_token IS NOT NULL AND lease_holder IS NOT NULL AND lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'dead', 'cancelled')) = (finished_at IS NOT NULL))
) STRICT;
CREATE INDEX jobs_ready ON jobs (lane, run_at, id) WHERE state = 'ready';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'leased';
CREATE UNIQUE INDEX jobs_dedupe ON jobs (dedupe_key)
    WHERE dedupe_key IS NOT NULL AND state IN ('ready', 'leased');
CREATE INDEX jobs_subject ON jobs (subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX jobs_state ON jobs (state, id);

-- When each regular piece of work was last enqueued, so that replicas do it once between them.
CREATE TABLE schedules (
    name        TEXT PRIMARY KEY NOT NULL,
    last_run_at TEXT NOT NULL
) STRICT;
