CREATE TABLE sessions_before (
    id           TEXT    COLLATE "C" PRIMARY KEY CHECK (length(id) = 36),
    user_id      BIGINT  NOT NULL REFERENCES users (id),
    refresh      BYTEA   NOT NULL UNIQUE CHECK (length(refresh) = 32),
    created_at   BIGINT  NOT NULL,
    last_used_at BIGINT  NOT NULL,
    expires_at   BIGINT  NOT NULL,
    ended_at     BIGINT  NOT NULL,
    end_reason   TEXT    COLLATE "C",
    auth_time_s  BIGINT  NOT NULL,
    amr          TEXT    COLLATE "C",
    acr          TEXT    COLLATE "C",
    address      TEXT    COLLATE "C",
    user_agent   TEXT    COLLATE "C",
    CHECK (ended_at <> 0 OR end_reason IS NULL)
);

INSERT INTO sessions_before
SELECT id, user_id, refresh_seed, created_at, last_used_at, expires_at, ended_at, end_reason, auth_time_s, amr, acr, address, user_agent
FROM sessions;

DROP TABLE sessions;
ALTER TABLE sessions_before RENAME TO sessions;

CREATE INDEX sessions_of_user ON sessions (user_id, ended_at);
