-- One row: how often an old state of this database has come back.  The file postern-epoch in the data folder knows it too.
CREATE TABLE epoch (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL CHECK (number > 0)
) STRICT;

INSERT INTO epoch (id, number) VALUES (1, 1);
