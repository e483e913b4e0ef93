-- What the nodes of one database have to count together: tries under a name or from a network, each under a keyed digest.
-- full_at: when all tries are there again; a row whose moment has passed is the same as none.
CREATE TABLE limit_buckets (
    subject BLOB    PRIMARY KEY NOT NULL CHECK (length(subject) = 32), -- keyed digest of the limit's name and of who is meant
    full_at INTEGER NOT NULL -- when all tries are there again
) STRICT;
