-- Signed-in devices.  A refresh token names its session and a number, and carries a MAC over both and refresh_seed, under a key that
-- is not in this database.  Only the token with the newest number is good: spending it adds one, so a session is one row for ever.
-- idle_until: until when the newest token must be spent.  ended_at 0: open.  Tokens of before can't be spent any more.
CREATE TABLE sessions_next (
    id              TEXT    PRIMARY KEY NOT NULL CHECK (length(id) = 36), -- UUIDv7: `sid` of the access tokens
    user_id         INTEGER NOT NULL REFERENCES users (id), -- whose
    refresh_seed    BLOB    NOT NULL CHECK (length(refresh_seed) = 32), -- random; goes into the MAC of its refresh tokens
    refresh_number  INTEGER NOT NULL CHECK (refresh_number >= 0), -- of the one token that is good: how many have been spent
    created_at      INTEGER NOT NULL, -- the sign-in
    last_used_at    INTEGER NOT NULL, -- the sign-in, or the newest refresh
    idle_until      INTEGER NOT NULL, -- the good token must be spent before
    expires_at      INTEGER NOT NULL, -- the session ends then, however much it is used
    ended_at        INTEGER NOT NULL, -- 0: open
    end_reason      TEXT, -- one word
    auth_time_s     INTEGER NOT NULL, -- when the person signed in, in seconds
    amr             TEXT, -- factors of the sign-in, comma-separated RFC 8176 words
    acr             TEXT, -- their strength
    address         TEXT, -- where the sign-in came from
    user_agent      TEXT, -- what the device says it is
    last_address    TEXT, -- where the newest refresh came from
    last_user_agent TEXT, -- and what it said it was
    is_web          INTEGER NOT NULL CHECK (is_web IN (0, 1)), -- a page that keeps its refresh token in a cookie
    jkt             TEXT    CHECK (length(jkt) = 43), -- RFC 7638 thumbprint of the DPoP key that both tokens are bound to; NULL: none
    CHECK (ended_at <> 0 OR end_reason IS NULL)
) STRICT;

INSERT INTO sessions_next
SELECT id, user_id, randomblob(32), 0, created_at, last_used_at, expires_at, expires_at, ended_at, end_reason, auth_time_s, amr, acr, address,
       user_agent, address, user_agent, 0, NULL FROM sessions;

DROP TABLE sessions;
ALTER TABLE sessions_next RENAME TO sessions;

CREATE INDEX sessions_of_user ON sessions (user_id, ended_at);
