-- One row: how often an old state of this database has come back.  Nothing outside keeps it yet for PostgreSQL.
CREATE TABLE epoch (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL CHECK (number > 0)
);

INSERT INTO epoch (id, number) VALUES (1, 1);
