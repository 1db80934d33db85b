-- Feedback, summaries and the keys of deleted sessions go; sessions stay as rooms. A summary stays as
-- a message.

DROP TABLE feedback;
DROP TABLE summaries;
DROP TABLE deleted_sessions;
DROP TABLE session_state;
