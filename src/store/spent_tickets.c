#include "store/spent_tickets.h"

#include "store/query.h"

FALLIBLE spent_tickets_add(struct tx *tx, struct str id, int64_t expires_at_us, int64_t epoch, bool *fresh)
{
    int64_t now = 0, added = 0;

    TRY(query_number(tx_db(tx), ASK(EPOCH_NUMBER), &now));
    if (now == epoch)
        TRY(query_run(tx, ASK(SPENT_TICKET_ADD, in_bytes(id), in_int(expires_at_us)), &added));
    *fresh = added == 1;
    return OK;
}

FALLIBLE spent_tickets_purge(struct tx *tx, int64_t before_us, int64_t *removed)
{
    return query_run(tx, ASK(SPENT_TICKETS_PURGE, in_int(before_us)), removed);
}
