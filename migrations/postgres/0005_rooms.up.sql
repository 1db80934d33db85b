-- One main room for each owner and name; and what was said before messages became passages is taken
-- up. The same version in ../sqlite does the same.

CREATE UNIQUE INDEX rooms_main_name ON rooms (owner_id, name) WHERE kind = 'main';
CREATE INDEX rooms_owner ON rooms (owner_id, id);

-- A message's job has the message's own id here: both are UUIDv7, and no other job has it.
INSERT INTO jobs (id, owner_id, kind, subject_id, payload, lane, run_at, state, attempt,
    max_attempts, crashes, cancel_requested, stage, stage_done, stage_total, created_at)
SELECT id, owner_id, 'message', id, 'null'::jsonb, 'low_priority', created_at, 'ready', 0,
    5, 0, FALSE, 'queued', 0, 1, created_at
FROM messages WHERE status = 'complete' AND role IN ('user', 'assistant');
