-- Authenticator apps: one to an account.
CREATE TABLE totp (
    user_id       BIGINT PRIMARY KEY REFERENCES users (id),
    secret        TEXT   COLLATE "C",
    created_at    BIGINT NOT NULL,
    last_used_at  BIGINT NOT NULL,
    last_step     BIGINT NOT NULL,
    failures      BIGINT NOT NULL CHECK (failures >= 0),
    pending       TEXT   COLLATE "C",
    pending_until BIGINT NOT NULL,
    CHECK (secret IS NOT NULL OR pending IS NOT NULL),
    CHECK ((pending IS NULL) = (pending_until = 0))
);

-- Sheets of recovery codes: one to an account.
CREATE TABLE recovery_sheets (
    user_id    BIGINT PRIMARY KEY REFERENCES users (id),
    created_at BIGINT NOT NULL,
    failures   BIGINT NOT NULL CHECK (failures >= 0)
);

-- What is left of each sheet: a code that was used is gone.
CREATE TABLE recovery_codes (
    digest  BYTEA  PRIMARY KEY CHECK (length(digest) = 32),
    user_id BIGINT NOT NULL REFERENCES recovery_sheets (user_id)
);

CREATE INDEX recovery_codes_of_user ON recovery_codes (user_id);
