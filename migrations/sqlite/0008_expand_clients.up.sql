-- Services that ask about tokens.
CREATE TABLE clients (
    id            TEXT    PRIMARY KEY NOT NULL CHECK (length(id) BETWEEN 3 AND 64), -- `client_id`: of `a-z 0-9 . _ -`, never of the form of an account's id
    name          TEXT    NOT NULL CHECK (name <> ''), -- for people
    secret        BLOB    CHECK (length(secret) = 32), -- SHA-256 of its secret, which is 256 random bits and is not kept
    former_secret BLOB    CHECK (length(former_secret) = 32), -- the same of the one before
    former_until  INTEGER NOT NULL, -- moment until which the former one is taken too; 0: there is none
    keys          TEXT, -- JWK Set of its public keys, for `private_key_jwt`
    scopes        TEXT    NOT NULL, -- words with blanks between them, sorted: what it may do and ask for
    created_at    INTEGER NOT NULL, -- moment
    disabled_at   INTEGER NOT NULL, -- moment; 0: it may come in
    CHECK (secret IS NOT NULL OR keys IS NOT NULL),
    CHECK ((former_secret IS NULL) = (former_until = 0))
) STRICT;

-- Signed assertions of clients that have served: each serves once.
CREATE TABLE client_assertions (
    digest     BLOB    PRIMARY KEY NOT NULL CHECK (length(digest) = 32), -- SHA-256 over client and `jti`
    expires_at INTEGER NOT NULL -- moment after which the row is forgotten
) STRICT;

CREATE INDEX client_assertions_expired ON client_assertions (expires_at);

-- What has lately been taken back, for the revocation feed: so whoever raises token_version sets updated_at.
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at <> 0;
CREATE INDEX users_token_raised ON users (updated_at) WHERE token_version > 0;
CREATE INDEX clients_disabled ON clients (disabled_at) WHERE disabled_at <> 0;
