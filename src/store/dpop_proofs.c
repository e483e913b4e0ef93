#include "store/dpop_proofs.h"

#include "store/query.h"

FALLIBLE dpop_proofs_add(struct tx *tx, const struct digest *id, int64_t good_until_us, bool *fresh)
{
    int64_t added = 0;

    TRY(query_run(tx, ASK(DPOP_PROOF_ADD, in_digest(id), in_int(good_until_us)), &added));
    *fresh = added == 1;
    return OK;
}

FALLIBLE dpop_proofs_purge(struct tx *tx, int64_t before_us, int64_t *removed)
{
    return query_run(tx, ASK(DPOP_PROOFS_PURGE, in_int(before_us)), removed);
}
