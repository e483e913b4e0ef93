/* Table `spent_tickets`; its owner room is ticket/. */
#pragma once
#include "store/store.h"

/* fresh: it was not in the table, and the database is still in this epoch; both are decided in tx.
 * Ends: ERR_BUSY, ERR_INTERNAL. */
FALLIBLE spent_tickets_add(struct tx *tx, struct str id, int64_t expires_at_us, int64_t epoch, bool *fresh);
/* Forget those that expired before a moment; removed: how many. */
FALLIBLE spent_tickets_purge(struct tx *tx, int64_t before_us, int64_t *removed);
