-- Feedback, summaries and the keys of deleted sessions go; sessions stay as rooms. A summary stays as
-- a message.

DROP VIEW checkpoints;
DROP VIEW sessions;
DROP TABLE feedback;
DROP TABLE summaries;
DROP TABLE deleted_sessions;
DROP TABLE session_state;
