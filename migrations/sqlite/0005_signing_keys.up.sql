-- Which master key this database belongs to: a value that follows from it and tells nothing about it.  Who changes signing
-- keys holds this row first.
CREATE TABLE master_key (
    id          INTEGER PRIMARY KEY CHECK (id = 1), -- there is one row
    fingerprint TEXT NOT NULL CHECK (length(fingerprint) = 43), -- a value that follows from the master key
    made_at     INTEGER NOT NULL -- when the database was given to this key
) STRICT;

-- The keys that sign tokens.  The private half is sealed with a key that follows from the master key, bound to kid and
-- algorithm; a revoked key has none.
CREATE TABLE signing_keys (
    kid        TEXT PRIMARY KEY NOT NULL CHECK (length(kid) = 43), -- RFC 7638 thumbprint of the public key
    algorithm  TEXT NOT NULL CHECK (algorithm IN ('ES256', 'EdDSA', 'RS256', 'PS256')), -- what it signs with; a token can't choose
    public_jwk TEXT NOT NULL, -- as the key set shows it
    sealed     TEXT, -- the private half, AES-256-GCM under a key that follows from the master key
    made_at    INTEGER NOT NULL, -- when the key was made
    active_at  INTEGER NOT NULL, -- signs from then on; it is in the key set before
    retired_at INTEGER NOT NULL DEFAULT 0, -- signs no more from then on
    expires_at INTEGER NOT NULL DEFAULT 0, -- checks nothing any more from then on: the last token it signed has expired
    revoked_at INTEGER NOT NULL DEFAULT 0, -- void at once
    CHECK ((retired_at = 0) = (expires_at = 0))
) STRICT;

-- One key that nothing follows yet, whoever starts at once with whom.
CREATE UNIQUE INDEX signing_keys_newest ON signing_keys (retired_at) WHERE retired_at = 0 AND revoked_at = 0;
