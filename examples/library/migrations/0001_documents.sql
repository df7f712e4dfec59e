CREATE EXTENSION IF NOT EXISTS vector;

-- What was uploaded, and how far it is.
CREATE TABLE documents (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    path text NOT NULL UNIQUE,
    -- Of its text, which itself travels in the job: a document that has not changed is not embedded again.
    digest bytea NOT NULL,
    -- The job that indexes it. One that was overtaken by a newer upload finds another id here, and writes nothing.
    job_id text,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'indexed', 'failed')),
    reason text
);

-- What can be found. The search looks at all of them, which is exact and takes milliseconds; from some 100,000 on,
-- give the embeddings an index: USING hnsw (embedding vector_ip_ops).
CREATE TABLE passages (
    document_id bigint NOT NULL REFERENCES documents ON DELETE CASCADE,
    place int NOT NULL,
    title text NOT NULL,
    text text NOT NULL,
    first_line int NOT NULL,
    last_line int NOT NULL,
    embedding vector(256) NOT NULL,
    PRIMARY KEY (document_id, place)
);
