-- Tickets that have served, until each would be refused for its age: each serves once, on all nodes together.
CREATE TABLE spent_tickets (
    id         BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    expires_at BIGINT NOT NULL
);
