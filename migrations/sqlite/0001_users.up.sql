-- Accounts.  The _key columns hold the canonical form that decides whether two names are one.
-- AUTOINCREMENT: the number of a removed account is never given to another.
CREATE TABLE users (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id       TEXT    NOT NULL UNIQUE CHECK (length(public_id) = 36),
    email           TEXT,
    email_key       TEXT    UNIQUE,
    email_verified  INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    username        TEXT,
    username_key    TEXT    UNIQUE,
    hashed_password TEXT,
    is_active       INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    name            TEXT,
    date_of_birth   TEXT    CHECK (length(date_of_birth) = 10),
    job_title       TEXT,
    roles           TEXT    NOT NULL CHECK (roles <> ''),
    token_version   INTEGER NOT NULL CHECK (token_version >= 0),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CHECK ((email IS NULL) = (email_key IS NULL)),
    CHECK ((username IS NULL) = (username_key IS NULL)),
    CHECK (email IS NOT NULL OR username IS NOT NULL)
) STRICT;

-- The few who may do more than others: counting administrators must not read every account.
CREATE INDEX users_privileged ON users (public_id) WHERE roles <> 'user';
