/* The rows of the signing keys, and of the master key that they are sealed with.  What the moments mean is token/keyring.h.
 *
 * Owns     nothing: rows lie in the caller's arena.
 * Threads  as the db or tx that is asked.
 */
#pragma once
#include "store/rows.h"
#include "store/store.h"

/* Every row, the one that signs last of all first. */
FALLIBLE signing_keys_list(struct db *db, struct arena *mem, struct signing_key_row **rows, size_t *count);
/* Ends: ERR_CONFLICT (there is such a kid; or a key that nothing follows yet). */
FALLIBLE signing_keys_add(struct tx *tx, const struct signing_key_row *row);
/* Other moments for a key.  0 for both ends: nothing follows it. */
FALLIBLE signing_keys_plan(struct tx *tx, struct str kid, int64_t active_at, int64_t retired_at, int64_t expires_at);
/* Its private half is gone with it.  changed: 0 when it was revoked before. */
FALLIBLE signing_keys_revoke(struct tx *tx, struct str kid, int64_t now_us, int64_t *changed);
FALLIBLE signing_keys_revoke_all(struct tx *tx, int64_t now_us);
FALLIBLE signing_keys_reseal(struct tx *tx, struct str kid, struct str sealed);

struct master_key_row {
    struct str fingerprint; /* absent: there is no master key yet */
    struct str lasting;     /* sealed; absent: the master key is what lasts */
};
/* Hold the row of the master key until the transaction ends: one changes keys at a time.  The first that comes is the one.
 * there: what it is, in mem.  Ends: ERR_DENIED (its fingerprint is another than that of row). */
FALLIBLE master_key_hold(struct tx *tx, struct arena *mem, const struct master_key_row *row, int64_t now_us,
                         struct master_key_row *there);
FALLIBLE master_key_read(struct db *db, struct arena *mem, struct master_key_row *out);
/* Another one from now on; the row is held. */
FALLIBLE master_key_change(struct tx *tx, const struct master_key_row *row, int64_t now_us);
