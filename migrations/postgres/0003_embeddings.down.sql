DROP TABLE embeddings;
DROP TABLE embedding_models;
