-- DPoP proofs that have been spent, until each would be refused for its age (owner: `src/token/`).  Written on PostgreSQL only, where what
-- one server has taken no other takes again; a server on SQLite is alone and remembers proofs itself.
CREATE TABLE dpop_proofs (
    id         BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 32), -- SHA-256 of the thumbprint of the key and of the proof's jti
    good_until INTEGER NOT NULL -- the moment from which the proof is too old
) STRICT;
