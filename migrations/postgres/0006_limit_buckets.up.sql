-- What the nodes of one database have to count together: tries under a name or from a network, each under a keyed digest.
-- full_at: when all tries are there again; a row whose moment has passed is the same as none.
-- UNLOGGED: no try waits for the disk, and after a crash of the server everybody has all tries again.
CREATE UNLOGGED TABLE limit_buckets (
    subject BYTEA  PRIMARY KEY CHECK (length(subject) = 32),
    full_at BIGINT NOT NULL
);
