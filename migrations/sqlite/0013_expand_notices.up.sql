-- What the owner of an account should hear of: changes of its factors, and signs that somebody else is at it (owner: `src/account/`).  They stay
-- until they are put away; the newest 50 of an account are kept.
CREATE TABLE notices (
    id         TEXT    PRIMARY KEY NOT NULL CHECK (length(id) = 36), -- a UUIDv7: they sort by their moment
    user_id    INTEGER NOT NULL REFERENCES users (id), -- whom it is for
    kind       TEXT    NOT NULL CHECK (kind <> ''), -- a word such as `factor_added`
    factor     TEXT, -- `webauthn`, `totp` or `recovery_code`
    about      TEXT, -- the name that a person gave it
    address    TEXT, -- of the client whose request left it
    user_agent TEXT, -- of that client, in its own words
    created_at INTEGER NOT NULL -- moment
) STRICT;

CREATE INDEX notices_of_user ON notices (user_id, id);
