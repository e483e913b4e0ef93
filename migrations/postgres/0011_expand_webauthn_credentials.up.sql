-- What passkeys know an account by; old programs leave it out, and it is made when the account first needs it.
ALTER TABLE users ADD COLUMN user_handle TEXT COLLATE "C" CHECK (length(user_handle) = 86);

-- Passkeys and security keys of accounts: the credential records of WebAuthn Level 3, 4.
CREATE TABLE webauthn_credentials (
    id              TEXT    COLLATE "C" PRIMARY KEY CHECK (length(id) BETWEEN 2 AND 1364),
    user_id         BIGINT  NOT NULL REFERENCES users (id),
    public_key      TEXT    COLLATE "C" NOT NULL,
    algorithm       BIGINT  NOT NULL,
    sign_count      BIGINT  NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),
    aaguid          TEXT    COLLATE "C" NOT NULL CHECK (length(aaguid) = 36),
    transports      TEXT    COLLATE "C" NOT NULL,
    name            TEXT    COLLATE "C" NOT NULL CHECK (name <> ''),
    backup_eligible BOOLEAN NOT NULL,
    backup_state    BOOLEAN NOT NULL,
    user_verified   BOOLEAN NOT NULL,
    format          TEXT    COLLATE "C" NOT NULL,
    trusted         BOOLEAN NOT NULL,
    created_at      BIGINT  NOT NULL,
    last_used_at    BIGINT  NOT NULL,
    CHECK (backup_state <= backup_eligible)
);

CREATE INDEX webauthn_credentials_of_user ON webauthn_credentials (user_id);
