-- Tickets that have served, until each would be refused for its age (owner: `src/ticket/`): each serves once, on all nodes together.  What a
-- ticket says lies in the ticket, sealed; one that is never brought back leaves no row.
CREATE TABLE spent_tickets (
    id         BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 16), -- drawn when the ticket was made
    expires_at INTEGER NOT NULL -- moment from which the ticket is too old
) STRICT;
