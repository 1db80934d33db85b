-- All jobs go; documents keep their status and are taken up again after the next migration.

DROP TABLE schedules;
DROP TABLE jobs;
