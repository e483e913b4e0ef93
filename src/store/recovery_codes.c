#include "store/recovery_codes.h"

#include "store/query.h"

FALLIBLE recovery_codes_put(struct tx *tx, int64_t user_id, const struct digest *digests, size_t count, int64_t now_us)
{
    TRY(query_later(tx, ASK(RECOVERY_SHEET_PUT, in_int(user_id), in_int(now_us))));
    TRY(query_later(tx, ASK(RECOVERY_CODES_REMOVE, in_int(user_id))));
    for (size_t i = 0; i < count; i++)
        TRY(query_later(tx, ASK(RECOVERY_CODE_ADD, in_digest(&digests[i]), in_int(user_id))));
    return OK;
}

FALLIBLE recovery_codes_remove(struct tx *tx, int64_t user_id)
{
    TRY(query_later(tx, ASK(RECOVERY_CODES_REMOVE, in_int(user_id))));
    return query_later(tx, ASK(RECOVERY_SHEET_REMOVE, in_int(user_id)));
}

FALLIBLE recovery_codes_try(struct tx *tx, int64_t user_id, bool *allowed)
{
    int64_t changed = 0;

    TRY(query_run(tx, ASK(RECOVERY_TRY, in_int(user_id), in_int(FACTOR_FAILURES_MAX)), &changed));
    *allowed = changed == 1;
    return OK;
}

FALLIBLE recovery_codes_failures(struct db *db, int64_t user_id, int64_t *failures)
{
    return query_number(db, ASK(RECOVERY_FAILURES, in_int(user_id)), failures);
}

FALLIBLE recovery_codes_spend(struct tx *tx, int64_t user_id, const struct digest *digest, bool *spent)
{
    int64_t changed = 0;

    TRY(query_run(tx, ASK(RECOVERY_SPEND, in_digest(digest), in_int(user_id)), &changed));
    *spent = changed == 1;
    return *spent ? query_later(tx, ASK(RECOVERY_GOOD, in_int(user_id))) : OK;
}
