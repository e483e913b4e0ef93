/* One way through a table in the order of its key, a batch at a time, with a digest of all that was read.
 *
 * The digest of a table is the same on every database: D(0) is 32 zero bytes, D(n) = SHA-256(D(n-1), row n).  A row is its
 * values in the order of the columns as the source has them, each a byte that tells its kind (0 absent, 1 number, 2 text,
 * 3 bytes), then a number as 8 bytes, or a length as 8 bytes and so many bytes; numbers are big-endian.
 *
 * Owns     struct pass, until pass_drop; a batch lies in it until the next one is read.
 * Threads  as its db.
 */
#pragma once
#include "store/bulk.h"

#define PASS_ROWS      1000          /* of a batch at most */
#define PASS_BYTES     (1024 * 1024) /* a batch of more ends early */
#define PASS_ROW_BYTES (512 * 1024)  /* of all texts of one row */

struct batch {
    const struct value *rows; /* count times the columns of the table */
    size_t count;             /* 0: the end of the table */
};

struct pass {
    struct db *db;
    const struct bulk_table *table;
    struct arena *mem; /* of the last batch */
    struct value keys[BULK_COLUMNS_MAX];
    int64_t rows, greatest; /* read so far; the greatest number in a key of one number */
    struct digest digest;
};

void pass_begin(struct pass *pass, struct db *db, const struct bulk_table *table);
/* At most `limit` rows and PASS_ROWS.  Ends: ERR_INVALID (a row of more than PASS_ROW_BYTES), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE pass_next(struct pass *pass, size_t limit, struct batch *out);
/* The same rows with the same values? */
bool pass_same(const struct pass *a, const struct pass *b);
void pass_drop(struct pass *pass); /* one that was never begun is fine */
