/* How far the database has come: inside it, and in the file postern-epoch outside it.
 *
 * A restore takes the database back; the file stays.  Who compares the two sees that an old state came back.  What
 * follows from that is flow/epoch.h.
 *
 * Owns     nothing.
 * Files    FOLDER/postern-epoch, mode 0600: "EPOCH SEQ AT\n" in decimal digits; " AT" may be missing.
 * Threads  any; programs that write the file at once wait for each other.
 */
#pragma once
#include "store/store.h"

#define EPOCH_FIRST 1 /* of a new table */

/* epoch: grows whenever an old state came back.  seq: of the newest audit row, which grows with every act in between.  at: the
 * moment of that row, by which it is told from another one that got its number after an old state came back; 0: not known. */
struct mark {
    int64_t epoch, seq, at;
};

/* Is a an earlier state than b?  The epoch decides, then seq. */
bool mark_before(const struct mark *a, const struct mark *b);

FALLIBLE epoch_read(struct db *db, struct mark *out);
/* Has the database the row of this mark?  Of a mark without one: yes. */
FALLIBLE epoch_knows(struct db *db, const struct mark *mark, bool *knows);
/* The number of the row, 0 when the schema has no such table yet. */
FALLIBLE epoch_number(struct db *db, int64_t *out);

/* End every open session, ten thousand to a transaction: there may be more than one statement has the time for.  ended: how many. */
FALLIBLE epoch_end_sessions(struct store *store, struct arena *mem, struct str reason, int64_t now_us, int64_t *ended);

/* Raise the epoch, revoke every signing key (one that was revoked since is there again), and end the sessions that are open still.
 * So no token of before is good: neither its session nor its key is.  ended: how many sessions; -1: the epoch was there already,
 * and nothing is changed. */
FALLIBLE epoch_raise(struct tx *tx, int64_t to, struct str reason, int64_t now_us, int64_t *ended);

/* The file.  found is false and out untouched when there is none.
 * Ends: ERR_INTERNAL (it can't be read, holds something else, or others may change it). */
FALLIBLE mark_read(struct str folder, struct arena *mem, struct mark *out, bool *found);
/* Bring the file up to this mark; one that is further stays.  After OK it is on the disk.  Ends: ERR_INTERNAL. */
FALLIBLE mark_keep(struct str folder, const struct mark *mark);
