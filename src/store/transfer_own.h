/* What the two files of a transfer share.
 *
 * transfer_open.c  looking at both databases, and all that can be refused before the first row
 * transfer.c       the rows, the comparison, the end
 */
#pragma once
#include "store/driver.h"
#include "store/epoch.h"
#include "store/pass.h"
#include "store/transfer.h"

enum phase { PHASE_LOOK, PHASE_COPY, PHASE_CHECK, PHASE_DONE };

/* A table on its way. */
struct moving {
    int64_t total, rows, greatest; /* at the beginning, for the progress; as read; see pass.h */
    struct digest digest;
};

struct transfer {
    struct arena *mem;
    struct store *from, *to;
    struct db *source, *target; /* the moment of the source; the target as it is */
    int64_t schema;
    bool resumed;
    bool has_mark;
    struct mark mark;                /* of the source at that moment */
    struct bulk_tables here, tables; /* as the source has them; as the target has them, in the order of copying */
    struct moving *moving;           /* as many as tables */
    enum phase phase;
    size_t at; /* which table */
    int64_t total, done;
    struct pass ours, theirs; /* of the source; of the target */
};

/* The end, and in the note which of the two databases it was. */
FALLIBLE transfer_blame(const char *which, enum err end);
void transfer_begin_table(struct transfer *transfer);
