/* An old state of the database came back: what was signed in then must not be signed in now.
 *
 * A session that was ended, a refresh token that was spent, a role that was taken since: a restored database has them
 * back, however it was restored.  So the data folder keeps a mark outside the database (store/epoch.h): its epoch, and an
 * audit row that was in it.  A database that is behind the mark is an old state of it; one that has not that row has gone on
 * from an old state.
 *
 * What is done then, in this order:
 *   1. one transaction: every session ends, every token_version grows, every signing key is revoked, the epoch becomes that of the mark + 1, and the
 *      audit trail says so;
 *   2. the mark is brought up to it.
 * A crash before 1 is through leaves the database behind the mark: the next start does it.  A crash between 1 and 2 leaves
 * it ahead: all is done, and the next start brings the mark up.  There is no moment at which old sessions live and the
 * database is not behind.
 *
 * A restore of ours raises the mark's epoch past that of the backup before the backup gets the database's name, so it need
 * not touch what it restores.  A crash between the two ends the sessions of the database that was to be replaced, and
 * nothing else.
 *
 * The mark is brought up at a clean stop, at each backup, and by a server every EPOCH_TICK_S when something has happened.
 * So a copy put back by hand goes unnoticed only where it is younger than that and the server was killed meanwhile.  With
 * several servers on one database each has a mark of its own, and the first that sees an old state acts for all: it raises
 * the epoch, and a mark of a lower epoch says nothing about rows.  Who removes old audit rows must leave the newest ones.
 *
 * Threads  one at a time.
 */
#pragma once
#include "flow/services.h"
#include "store/epoch.h"

#define EPOCH_TICK_S 60

struct set_back {
    bool happened;
    int64_t epoch, ended; /* the new one; sessions that were open */
};

/* Compare, and act.  keep: bring the mark up to the newest audit row too, which costs a write to the disk.
 * Ends: ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_epoch_settle(struct shared *at, const struct visit *v, bool keep, struct set_back *out);
