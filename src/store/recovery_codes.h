/* Tables `recovery_sheets` and `recovery_codes`; their owner room is factor/. */
#pragma once
#include "crypto/digest.h"
#include "store/rows.h"
#include "store/store.h"

/* A new sheet in the place of the old one, enabled. */
FALLIBLE recovery_codes_put(struct tx *tx, int64_t user_id, const struct digest *digests, size_t count, int64_t now_us);

/* The sheet with all its codes; having none is no failure. */
FALLIBLE recovery_codes_remove(struct tx *tx, int64_t user_id);

/* Count a try, as a failure until recovery_codes_spend.  allowed is false, and nothing is changed, when there is no sheet, or it is
 * disabled.  The sheet is held until the transaction ends. */
FALLIBLE recovery_codes_try(struct tx *tx, int64_t user_id, bool *allowed);
/* Wrong codes in a row; 0 when there is no sheet. */
FALLIBLE recovery_codes_failures(struct db *db, int64_t user_id, int64_t *failures);
/* One statement spends it.  spent is false when the account has no such code, or has it no longer. */
FALLIBLE recovery_codes_spend(struct tx *tx, int64_t user_id, const struct digest *digest, bool *spent);
