-- Services that ask about tokens.  Of a secret only its SHA-256 digest is kept; of a key pair only the public half.
CREATE TABLE clients (
    id            TEXT   COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 3 AND 64),
    name          TEXT   COLLATE "C" NOT NULL CHECK (name <> ''),
    secret        BYTEA  CHECK (length(secret) = 32),
    former_secret BYTEA  CHECK (length(former_secret) = 32),
    former_until  BIGINT NOT NULL,
    keys          TEXT   COLLATE "C",
    scopes        TEXT   COLLATE "C" NOT NULL,
    created_at    BIGINT NOT NULL,
    disabled_at   BIGINT NOT NULL,
    CHECK (secret IS NOT NULL OR keys IS NOT NULL),
    CHECK ((former_secret IS NULL) = (former_until = 0))
);

-- Signed assertions that have served: each serves once.
CREATE TABLE client_assertions (
    digest     BYTEA  PRIMARY KEY CHECK (length(digest) = 32),
    expires_at BIGINT NOT NULL
);

CREATE INDEX client_assertions_expired ON client_assertions (expires_at);

-- What has lately been taken back, for the revocation feed.
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at <> 0;
CREATE INDEX users_token_raised ON users (updated_at) WHERE token_version > 0;
CREATE INDEX clients_disabled ON clients (disabled_at) WHERE disabled_at <> 0;
