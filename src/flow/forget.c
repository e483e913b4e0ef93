#include "flow/forget.h"
#include "base/clock.h"
#include "store/dpop_proofs.h"

#define KEEP_US (15 * 60 * SECOND_US) /* clocks of servers may differ; what is kept here lives for minutes */

enum err flow_forget(const struct shared *shared, int64_t now_us)
{
    AUTO(tx) struct tx *tx = NULL;
    int64_t removed = 0;
    TRY(store_begin(shared->store, &tx));
    TRY(tickets_forget(tx, now_us - KEEP_US));
    if (store_shared(shared->store)) /* else it remembers proofs itself */
        TRY(dpop_proofs_purge(tx, now_us - KEEP_US, &removed));
    return store_commit(&tx);
}
