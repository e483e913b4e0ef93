/* Table `dpop_proofs`, for databases that several servers share; its owner room is token/ (replay.h). */
#pragma once
#include "crypto/digest.h"
#include "store/store.h"

/* One statement.  fresh is false, and nothing is changed, when the id is there already. */
FALLIBLE dpop_proofs_add(struct tx *tx, const struct digest *id, int64_t good_until_us, bool *fresh);
/* Forget those that were good until before_us; removed: how many. */
FALLIBLE dpop_proofs_purge(struct tx *tx, int64_t before_us, int64_t *removed);
