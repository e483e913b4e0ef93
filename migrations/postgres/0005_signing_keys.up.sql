-- Which master key this database belongs to: a value that follows from it and tells nothing about it.  Who changes signing
-- keys holds this row first.
CREATE TABLE master_key (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint TEXT COLLATE "C" NOT NULL CHECK (length(fingerprint) = 43),
    made_at     BIGINT NOT NULL
);

-- The keys that sign tokens.  The private half is sealed with a key that follows from the master key, bound to kid and
-- algorithm; a revoked key has none.
CREATE TABLE signing_keys (
    kid        TEXT COLLATE "C" PRIMARY KEY CHECK (length(kid) = 43),
    algorithm  TEXT COLLATE "C" NOT NULL CHECK (algorithm IN ('ES256', 'EdDSA', 'RS256', 'PS256')),
    public_jwk TEXT COLLATE "C" NOT NULL,
    sealed     TEXT COLLATE "C",
    made_at    BIGINT NOT NULL,
    active_at  BIGINT NOT NULL,
    retired_at BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT NOT NULL DEFAULT 0,
    revoked_at BIGINT NOT NULL DEFAULT 0,
    CHECK ((retired_at = 0) = (expires_at = 0))
);

-- One key that nothing follows yet, whoever starts at once with whom.
CREATE UNIQUE INDEX signing_keys_newest ON signing_keys (retired_at) WHERE retired_at = 0 AND revoked_at = 0;
