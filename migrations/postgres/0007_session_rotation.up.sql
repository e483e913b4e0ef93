-- Signed-in devices.  A refresh token names its session and a number, and carries a MAC over both and refresh_seed, under a key that
-- is not in this database.  Only the token with the newest number is good: spending it adds one, so a session is one row for ever.
-- idle_until: until when the newest token must be spent.  ended_at 0: open.  Tokens of before can't be spent any more.
CREATE TABLE sessions_next (
    id              TEXT    COLLATE "C" PRIMARY KEY CHECK (length(id) = 36),
    user_id         BIGINT  NOT NULL REFERENCES users (id),
    refresh_seed    BYTEA   NOT NULL CHECK (length(refresh_seed) = 32),
    refresh_number  BIGINT  NOT NULL CHECK (refresh_number >= 0),
    created_at      BIGINT  NOT NULL,
    last_used_at    BIGINT  NOT NULL,
    idle_until      BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    ended_at        BIGINT  NOT NULL,
    end_reason      TEXT    COLLATE "C",
    auth_time_s     BIGINT  NOT NULL,
    amr             TEXT    COLLATE "C",
    acr             TEXT    COLLATE "C",
    address         TEXT    COLLATE "C",
    user_agent      TEXT    COLLATE "C",
    last_address    TEXT    COLLATE "C",
    last_user_agent TEXT    COLLATE "C",
    is_web          BOOLEAN NOT NULL,
    jkt             TEXT    COLLATE "C" CHECK (length(jkt) = 43),
    CHECK (ended_at <> 0 OR end_reason IS NULL)
);

INSERT INTO sessions_next
-- The seed: two random UUIDs, which nobody has ever seen.
SELECT id, user_id, sha256(CAST(CAST(gen_random_uuid() AS TEXT) || CAST(gen_random_uuid() AS TEXT) AS BYTEA)), 0, created_at, last_used_at, expires_at, expires_at, ended_at, end_reason, auth_time_s, amr, acr, address,
       user_agent, address, user_agent, FALSE, NULL FROM sessions;

DROP TABLE sessions;
ALTER TABLE sessions_next RENAME TO sessions;

CREATE INDEX sessions_of_user ON sessions (user_id, ended_at);
