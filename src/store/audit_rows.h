/* Table `audit_log`: append and read; its owner room is audit/. */
#pragma once
#include "store/rows.h"
#include "store/store.h"

FALLIBLE audit_rows_add(struct tx *tx, const struct audit_row *row); /* the database gives seq */

struct audit_filter {
    struct str event, user, address, severity, request_id; /* absent: any; user: actor or target */
    int64_t since, until;                                  /* microseconds; since is inside, until outside; 0: open */
    int64_t after_seq;                                     /* rows with a greater seq; 0: from the first */
    int64_t upto_seq;                                      /* rows with this seq at most; 0: to the last */
    int64_t limit;                                         /* rows at most */
};
/* How far the trail is complete: no row with this seq or a smaller one will come any more.  Who reads on along seq asks first and
 * reads no further, or misses what is committed late.  Waits for transactions that are under way.
 * Ends: ERR_BUSY (WHY_STORE_BUSY): one of them does not end. */
FALLIBLE audit_rows_settled(struct db *db, int64_t *upto);
/* Sorted by seq. */
FALLIBLE audit_rows_list(struct db *db, struct arena *mem, const struct audit_filter *f, struct audit_row **rows,
                         size_t *count);
/* The last `limit` rows that fit the filter, sorted by seq. */
FALLIBLE audit_rows_tail(struct db *db, struct arena *mem, const struct audit_filter *f, struct audit_row **rows,
                         size_t *count);
