-- DPoP proofs that have been spent, until each would be refused for its age: what one server has taken, no other takes again.
-- UNLOGGED: it is written with every request by a bound token, and worth nothing after some minutes.
CREATE UNLOGGED TABLE dpop_proofs (
    id         BYTEA  PRIMARY KEY CHECK (length(id) = 32),
    good_until BIGINT NOT NULL
);
