-- Signed-in devices.  Of the refresh token only its SHA-256 digest is kept.  ended_at 0: open.
CREATE TABLE sessions (
    id           TEXT   COLLATE "C" PRIMARY KEY CHECK (length(id) = 36),
    user_id      BIGINT NOT NULL REFERENCES users (id),
    refresh      BYTEA  NOT NULL UNIQUE CHECK (length(refresh) = 32),
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL,
    end_reason   TEXT   COLLATE "C",
    auth_time_s  BIGINT NOT NULL,
    amr          TEXT   COLLATE "C",
    acr          TEXT   COLLATE "C",
    address      TEXT   COLLATE "C",
    user_agent   TEXT   COLLATE "C",
    CHECK (ended_at <> 0 OR end_reason IS NULL)
);

CREATE INDEX sessions_of_user ON sessions (user_id, ended_at);
