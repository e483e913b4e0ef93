-- What passkeys know an account by; old programs leave it out, and it is made when the account first needs it.
ALTER TABLE users ADD COLUMN user_handle TEXT CHECK (length(user_handle) = 86); -- `user.id` of WebAuthn: base64url of 64 random bytes; NULL: none yet

-- Passkeys and security keys of accounts: the credential records of WebAuthn Level 3, 4.
CREATE TABLE webauthn_credentials (
    id              TEXT    PRIMARY KEY NOT NULL CHECK (length(id) BETWEEN 2 AND 1364), -- credential id, base64url
    user_id         INTEGER NOT NULL REFERENCES users (id), -- whose
    public_key      TEXT    NOT NULL, -- COSE_Key, base64url
    algorithm       INTEGER NOT NULL, -- of the key, as COSE numbers it
    sign_count      INTEGER NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295), -- the highest that has come; 0 for ever: it counts nothing
    aaguid          TEXT    NOT NULL CHECK (length(aaguid) = 36), -- model of the authenticator, as it says itself
    transports      TEXT    NOT NULL, -- how it can be reached, comma-separated; may be empty
    name            TEXT    NOT NULL CHECK (name <> ''), -- for its owner
    backup_eligible INTEGER NOT NULL CHECK (backup_eligible IN (0, 1)), -- it may be kept on several devices; never changes
    backup_state    INTEGER NOT NULL CHECK (backup_state IN (0, 1)), -- and is
    user_verified   INTEGER NOT NULL CHECK (user_verified IN (0, 1)), -- it has verified its user at registration, or later beside another factor
    format          TEXT    NOT NULL, -- of its attestation statement
    trusted         INTEGER NOT NULL CHECK (trusted IN (0, 1)), -- which led to an anchor
    created_at      INTEGER NOT NULL, -- moment
    last_used_at    INTEGER NOT NULL, -- moment; 0: never
    CHECK (backup_state <= backup_eligible)
) STRICT;

CREATE INDEX webauthn_credentials_of_user ON webauthn_credentials (user_id);
