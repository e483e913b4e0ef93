/* Move all of a database into another, whichever the two are: SQLite, PostgreSQL.
 *
 * What the target has in the end is the source as it was at one moment, the one of transfer_open.  An empty target is brought
 * to the schema of the source first.  From its first row on until all of it has been compared the target is marked
 * (store/migrate.h): nobody works with it, and the next transfer from the same source goes on where the last one was broken
 * off.  What is there already is compared with the source first, so that the whole is of one moment again; a source that has
 * changed in what was copied is refused.
 *
 * At the end the target is read back; the numbers of rows and digests (store/pass.h) must be those that were read from the
 * source.  Counters of ids go on where they were.
 *
 * Owns     struct transfer, with both stores; until transfer_drop.
 * Threads  one.
 * Not moved: the schema's ledger.
 */
#pragma once
#include "base/arena.h"
#include "crypto/digest.h"
#include "store/store.h"

struct transfer;

struct transfer_options {
    struct store_options from, to; /* to: made when it is missing, and only once the source is known to be good */
    int64_t now_us;
    bool restart; /* wipe what a broken-off transfer has left in the target; one that holds anything else is refused */
};

/* Ends: ERR_INVALID (an address), ERR_MISSING (no such source), ERR_CONFLICT (the target is not empty, is the source, or is of
 * another schema; the source has none, or is newer than this program), ERR_BUSY, ERR_INTERNAL.  The note says which of the two. */
FALLIBLE transfer_open(const struct transfer_options *options, struct transfer **out);
/* A batch; more is false when all is done and the target has lost its mark.  After any other end only transfer_drop follows.
 * Ends: ERR_CONFLICT (the source or the target is not what was copied), ERR_INVALID (a row that does not fit), ERR_BUSY,
 * ERR_INTERNAL. */
FALLIBLE transfer_step(struct transfer *transfer, bool *more);
void transfer_drop(struct transfer **transfer);

struct transfer_progress {
    bool checking;       /* reading the target back, after all is there */
    struct str table;    /* at which it is; borrowed */
    int64_t done, total; /* rows of all tables, of copying or of checking */
};
void transfer_progress(const struct transfer *transfer, struct transfer_progress *out);

struct transfer_table {
    struct str name; /* borrowed */
    int64_t rows;
    struct digest digest;
};
size_t transfer_count(const struct transfer *transfer);
void transfer_table(const struct transfer *transfer, size_t at, struct transfer_table *out);

bool transfer_resumed(const struct transfer *transfer);
int64_t transfer_schema(const struct transfer *transfer);
struct str transfer_from(const struct transfer *transfer); /* as store_place */
struct str transfer_to(const struct transfer *transfer);

/* After the last step: has anything been written to the source since transfer_open?  Every act has its audit row, so those
 * that are newer are counted. */
FALLIBLE transfer_missed(struct transfer *transfer, int64_t *rows);
