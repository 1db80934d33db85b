-- Messages stay; that they can be found goes, and comes back with the next migration up.

DELETE FROM jobs WHERE kind = 'message';
DELETE FROM passages WHERE kind = 'message';
DROP INDEX rooms_owner;
DROP INDEX rooms_main_name;
