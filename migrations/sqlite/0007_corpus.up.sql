-- The newest change of a document, which kept answers depend on, without reading what was said in
-- rooms since. The same version for the other database has the same index.

CREATE INDEX change_log_documents ON change_log (seq) WHERE subject_kind = 'document';
