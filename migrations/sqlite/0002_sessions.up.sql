-- Signed-in devices.  Of the refresh token only its SHA-256 digest is kept.  ended_at 0: open.
CREATE TABLE sessions (
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

CREATE INDEX sessions_of_user ON sessions (user_id, ended_at);
