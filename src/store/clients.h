/* Tables `clients` and `client_assertions`; their owner room is client/.  And what the revocation feed is made of. */
#pragma once
#include "store/rows.h"
#include "store/store.h"

FALLIBLE clients_by_id(struct db *db, struct arena *mem, struct str id, struct client_row *out, bool *found);
FALLIBLE clients_list(struct db *db, struct arena *mem, struct client_row **rows, size_t *count);
/* Ends: ERR_CONFLICT (WHY_CLIENT_TAKEN). */
FALLIBLE clients_add(struct tx *tx, const struct client_row *row);
/* The secret that it had is taken until former_until too; 0: no longer.  Ends: ERR_MISSING (WHY_CLIENT_MISSING). */
FALLIBLE clients_set_secret(struct tx *tx, struct str id, const struct digest *secret, int64_t former_until);
/* Disabling a disabled one changes nothing; changed: 0 or 1. */
FALLIBLE clients_disable(struct tx *tx, struct str id, int64_t now_us, int64_t *changed);

/* Keep the digest of an assertion until it has expired by itself, and forget those that have.
 * Ends: ERR_CONFLICT (it is kept already). */
FALLIBLE assertions_keep(struct tx *tx, const struct digest *digest, int64_t expires_at, int64_t now_us);

/* What was taken back after a moment, the newest first, limit rows at most. */
enum revoked_kind { REVOKED_SESSIONS, REVOKED_VERSIONS, REVOKED_CLIENTS };
FALLIBLE revoked_list(struct db *db, struct arena *mem, enum revoked_kind kind, int64_t after, int64_t limit,
                      struct revoked_row **rows, size_t *count);
