-- Accounts.  The _key columns hold the canonical form that decides whether two names are one.
-- GENERATED ALWAYS: the number of a removed account is never given to another.
-- COLLATE "C": texts compare byte by byte and LOWER knows ASCII alone, on every server and as in SQLite.
CREATE TABLE users (
    id              BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    public_id       TEXT    COLLATE "C" NOT NULL UNIQUE CHECK (length(public_id) = 36),
    email           TEXT    COLLATE "C",
    email_key       TEXT    COLLATE "C" UNIQUE,
    email_verified  BOOLEAN NOT NULL,
    username        TEXT    COLLATE "C",
    username_key    TEXT    COLLATE "C" UNIQUE,
    hashed_password TEXT    COLLATE "C",
    is_active       BOOLEAN NOT NULL,
    name            TEXT    COLLATE "C",
    date_of_birth   TEXT    COLLATE "C" CHECK (length(date_of_birth) = 10),
    job_title       TEXT    COLLATE "C",
    roles           TEXT    COLLATE "C" NOT NULL CHECK (roles <> ''),
    token_version   BIGINT  NOT NULL CHECK (token_version >= 0),
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL,
    CHECK ((email IS NULL) = (email_key IS NULL)),
    CHECK ((username IS NULL) = (username_key IS NULL)),
    CHECK (email IS NOT NULL OR username IS NOT NULL)
);

-- The few who may do more than others: counting administrators must not read every account.
CREATE INDEX users_privileged ON users (public_id) WHERE roles <> 'user';
