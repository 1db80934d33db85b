DROP TABLE index_targets;
