/* Table `limit_buckets`; its owner room is limit/.  A bucket is one moment, as in limit/limit.c.
 *
 * Units    microseconds; moments come from the nodes' clocks.
 */
#pragma once
#include "crypto/digest.h"
#include "store/store.h"

struct bucket_rule {
    int64_t refill_us; /* until one try comes back */
    int64_t burst;     /* tries at once */
};

/* Take one try, in a transaction of its own.  full_at: when the bucket is full again, after this.
 * Ends: ERR_LIMITED (no try was there; full_at is filled all the same), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE buckets_take(struct store *store, const struct digest *subject, const struct bucket_rule *rule, int64_t now_us,
                      int64_t *full_at);
FALLIBLE buckets_give(struct store *store, const struct digest *subject, const struct bucket_rule *rule);
/* Remove what is full again. */
FALLIBLE buckets_purge(struct store *store, int64_t now_us);
