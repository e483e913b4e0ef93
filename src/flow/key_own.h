/* What the files of the signing keys share.  Of this room only. */
#pragma once
#include "audit/audit.h"
#include "flow/keys.h"

#define KEY_KEPT_US ((int64_t)JWT_LIFE_MAX_S * 1000000) /* a key that signed checks so long: no token lives longer */

/* The keys as a transaction finds them, held until it ends. */
struct key_list {
    struct signing_key_row *rows;
    size_t count;
};

/* Begin, and hold.  Ends: ERR_DENIED (another master key). */
FALLIBLE keys_begin(struct shared *at, const struct visit *v, struct tx **tx, struct key_list *out);
/* The row of this master key.  lasting: that of the row; absent: of a database in which the first master key lasts. */
FALLIBLE master_row(const struct secret *master, const struct secret *lasting, struct arena *mem,
                    struct master_key_row *out);
/* at->lasting, from the row that there is. */
FALLIBLE master_open_lasting(struct shared *at, const struct master_key_row *there);
struct secret keys_sealing(const struct secret *master);
/* The one that nothing follows yet; NULL: none. */
struct signing_key_row *keys_newest(const struct key_list *keys);
/* Every change ends so: what was done is told to the other servers with the commit. */
FALLIBLE keys_commit(struct tx **tx);
/* With its audit row. */
FALLIBLE keys_add(struct tx *tx, const struct visit *v, struct str actor, enum audit_kind kind,
                  const struct signing_key_row *row);
FALLIBLE keys_tell(struct tx *tx, const struct visit *v, struct str actor, enum audit_kind kind, struct str reason,
                   const struct signing_key_row *row);
