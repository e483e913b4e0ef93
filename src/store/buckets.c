#include "store/buckets.h"

#include "store/query.h"

FALLIBLE buckets_take(struct store *store, const struct digest *subject, const struct bucket_rule *rule, int64_t now_us,
                      int64_t *full_at)
{
    AUTO(tx) struct tx *tx = NULL;
    int64_t empty_at = now_us + rule->burst * rule->refill_us, changed = 0;

    TRY(store_begin(store, &tx));
    TRY(query_run(tx,
                  ASK(BUCKET_TAKE, in_digest(subject), in_int(now_us + rule->refill_us), in_int(now_us),
                      in_int(rule->refill_us), in_int(empty_at - rule->refill_us)),
                  &changed));
    /* A moment further ahead than an empty bucket's comes from a clock that was wrong: nobody has to wait for it. */
    if (changed == 0)
        TRY(query_later(tx, ASK(BUCKET_CLIP, in_int(empty_at), in_digest(subject))));
    TRY(query_number(tx_db(tx), ASK(BUCKET_READ, in_digest(subject)), full_at));
    TRY(store_commit(&tx));
    return changed == 0 ? ERR_LIMITED : OK;
}

FALLIBLE buckets_give(struct store *store, const struct digest *subject, const struct bucket_rule *rule)
{
    AUTO(tx) struct tx *tx = NULL;

    TRY(store_begin(store, &tx));
    TRY(query_run(tx, ASK(BUCKET_GIVE, in_int(rule->refill_us), in_digest(subject)), NULL));
    return store_commit(&tx);
}

FALLIBLE buckets_purge(struct store *store, int64_t now_us)
{
    AUTO(tx) struct tx *tx = NULL;

    TRY(store_begin(store, &tx));
    TRY(query_run(tx, ASK(BUCKETS_PURGE, in_int(now_us)), NULL));
    return store_commit(&tx);
}
