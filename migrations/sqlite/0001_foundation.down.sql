DROP TABLE keyring;
DROP TABLE audit;
DROP TABLE users;
DROP TABLE change_log;
DROP TABLE passages;
DROP TABLE messages;
DROP TABLE rooms;
DROP TABLE documents;
