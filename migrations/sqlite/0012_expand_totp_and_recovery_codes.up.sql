-- Authenticator apps (owner: `src/factor/`): one to an account.
CREATE TABLE totp (
    user_id       INTEGER PRIMARY KEY NOT NULL REFERENCES users (id), -- whose
    secret        TEXT, -- sealed under the master key, bound to account and column; NULL: none yet
    created_at    INTEGER NOT NULL, -- moment of its confirmation; 0: none yet
    last_used_at  INTEGER NOT NULL, -- moment; 0: never
    last_step     INTEGER NOT NULL, -- the newest 30 s whose code was spent: none up to it is taken
    failures      INTEGER NOT NULL CHECK (failures >= 0), -- wrong codes in a row; 100 disable it until another is confirmed
    pending       TEXT, -- secret of one that is shown and not yet confirmed, sealed likewise
    pending_until INTEGER NOT NULL, -- moment; 0: there is none
    CHECK (secret IS NOT NULL OR pending IS NOT NULL),
    CHECK ((pending IS NULL) = (pending_until = 0))
) STRICT;

-- Sheets of recovery codes (owner: `src/factor/`): one to an account.
CREATE TABLE recovery_sheets (
    user_id    INTEGER PRIMARY KEY NOT NULL REFERENCES users (id), -- whose
    created_at INTEGER NOT NULL, -- moment
    failures   INTEGER NOT NULL CHECK (failures >= 0) -- wrong codes in a row; 100 disable it until there is another
) STRICT;

-- What is left of each sheet: a code that was used is gone.
CREATE TABLE recovery_codes (
    digest  BLOB    PRIMARY KEY NOT NULL CHECK (length(digest) = 32), -- keyed, over account and code
    user_id INTEGER NOT NULL REFERENCES recovery_sheets (user_id) -- whose
) STRICT;

CREATE INDEX recovery_codes_of_user ON recovery_codes (user_id);
