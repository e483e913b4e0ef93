-- What the owner of an account should hear of, until it is put away.
CREATE TABLE notices (
    id         TEXT   COLLATE "C" PRIMARY KEY CHECK (length(id) = 36),
    user_id    BIGINT NOT NULL REFERENCES users (id),
    kind       TEXT   COLLATE "C" NOT NULL CHECK (kind <> ''),
    factor     TEXT   COLLATE "C",
    about      TEXT   COLLATE "C",
    address    TEXT   COLLATE "C",
    user_agent TEXT   COLLATE "C",
    created_at BIGINT NOT NULL
);

CREATE INDEX notices_of_user ON notices (user_id, id);
