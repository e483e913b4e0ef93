CREATE TABLE sessions_before (
    id           TEXT    PRIMARY KEY NOT NULL CHECK (length(id) = 36),
    user_id      INTEGER NOT NULL REFERENCES users (id),
    refresh      BLOB    NOT NULL UNIQUE CHECK (length(refresh) = 32),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL,
    end_reason   TEXT,
    auth_time_s  INTEGER NOT NULL,
    amr          TEXT,
    acr          TEXT,
    address      TEXT,
    user_agent   TEXT,
    CHECK (ended_at <> 0 OR end_reason IS NULL)
) STRICT;

INSERT INTO sessions_before
SELECT id, user_id, refresh_seed, created_at, last_used_at, expires_at, ended_at, end_reason, auth_time_s, amr, acr, address, user_agent
FROM sessions;

DROP TABLE sessions;
ALTER TABLE sessions_before RENAME TO sessions;

CREATE INDEX sessions_of_user ON sessions (user_id, ended_at);
