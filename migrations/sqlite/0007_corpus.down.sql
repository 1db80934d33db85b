DROP INDEX change_log_documents;
