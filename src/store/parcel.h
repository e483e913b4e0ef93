/* A transaction as data: its statements, what goes into them, and what must come of each.  Whoever has the turn to write can do it
 * for somebody else.
 *
 * Owns     copies of all that is put in; where a number goes to belongs to who asks, until the transaction has ended.
 * Threads  one at a time.
 */
#pragma once
#include "store/query.h"

#define PARCEL_ASKS   8
#define PARCEL_VALUES 64   /* parameters of all its statements */
#define PARCEL_BYTES  4096 /* of their texts */
#define ROWS_ANY      (-1) /* nobody asks how many */

struct parcel_item {
    struct ask ask;
    int64_t rows;    /* that it must change, or ROWS_ANY */
    int64_t *number; /* set to the first column of its first row; NULL: nobody asks */
};

struct parcel {
    size_t count, values_used, bytes_used;
    struct parcel_item items[PARCEL_ASKS];
    struct value values[PARCEL_VALUES];
    char bytes[PARCEL_BYTES];
};

void parcel_init(struct parcel *parcel);
/* A copy of it.  False: there is no room, and nothing has changed. */
bool parcel_add(struct parcel *parcel, const struct parcel_item *item);
/* Ends: ERR_CONFLICT (other rows were changed than it must). */
FALLIBLE parcel_judge(const struct parcel_item *item, int64_t changed);
