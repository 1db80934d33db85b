-- Durable work: enqueued in the transaction of what it is about, claimed under a lease.
-- The same version in ../sqlite has the same tables and columns; only types differ.

CREATE TABLE jobs (
    id               UUID PRIMARY KEY,
    owner_id         UUID NOT NULL,
    kind             TEXT NOT NULL,
    -- The document, message or room that it is about.
    subject_id       UUID,
    -- Names rows; never private text.
    payload          JSONB NOT NULL,
    lane             TEXT NOT NULL CHECK (lane IN ('high_priority', 'default', 'low_priority')),
    run_at           TIMESTAMPTZ NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'done', 'dead', 'cancelled')),
    attempt          BIGINT NOT NULL,
    max_attempts     BIGINT NOT NULL,
    crashes          BIGINT NOT NULL,
    -- Who holds it, until when: a token of one claim, and the installation that claimed.
    lease_token      UUID,
    lease_holder     UUID,
    lease_until      TIMESTAMPTZ,
    dedupe_key       TEXT,
    cancel_requested BOOLEAN NOT NULL,
    stage            TEXT NOT NULL,
    stage_done       BIGINT NOT NULL,
    stage_total      BIGINT NOT NULL,
    last_error       TEXT,
    -- Since when it waits for something that is down.
    waiting_since    TIMESTAMPTZ,
    created_at       TIMESTAMPTZ NOT NULL,
    started_at       TIMESTAMPTZ,
    finished_at      TIMESTAMPTZ,
    CHECK ((state = 'leased') =
        (lease_token IS NOT NULL AND lease_holder IS NOT NULL AND lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'dead', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX jobs_ready ON jobs (lane, run_at, id) WHERE state = 'ready';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'leased';
CREATE UNIQUE INDEX jobs_dedupe ON jobs (dedupe_key)
    WHERE dedupe_key IS NOT NULL AND state IN ('ready', 'leased');
CREATE INDEX jobs_subject ON jobs (subject_id) WHERE subject_id IS NOT NULL;
CREATE INDEX jobs_state ON jobs (state, id);

-- When each regular piece of work was last enqueued, so that replicas do it once between them.
CREATE TABLE schedules (
    name        TEXT PRIMARY KEY,
    last_run_at TIMESTAMPTZ NOT NULL
);
