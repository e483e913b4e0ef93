#include "store/signing_keys.h"

#include "store/query.h"

#define KEY_COLUMN(name) COLUMN(struct signing_key_row, name),
static const struct column key_columns[] = { KEY_COLUMNS(KEY_COLUMN, KEY_COLUMN) };
const struct shape signing_key_shape = SHAPE(struct signing_key_row, key_columns);

#define KEY_ADDED (sizeof key_columns / sizeof *key_columns)

static const struct column master_columns[] = { COLUMN(struct master_key_row, fingerprint),
                                                COLUMN(struct master_key_row, lasting) };
static const struct shape master_shape = SHAPE(struct master_key_row, master_columns);

FALLIBLE signing_keys_list(struct db *db, struct arena *mem, struct signing_key_row **rows, size_t *count)
{
    void *found = NULL;

    TRY(query_all(db, mem, (struct ask){ .query = QUERY_KEYS_LIST }, &signing_key_shape, &found, count));
    *rows = found;
    return OK;
}

FALLIBLE signing_keys_add(struct tx *tx, const struct signing_key_row *row)
{
    struct value in[KEY_ADDED];

    in_row(&signing_key_shape, 0, row, in);
    return query_run(tx, (struct ask){ QUERY_KEY_ADD, in, KEY_ADDED }, NULL);
}

FALLIBLE signing_keys_plan(struct tx *tx, struct str kid, int64_t active_at, int64_t retired_at, int64_t expires_at)
{
    return query_run(tx, ASK(KEY_PLAN, in_int(active_at), in_int(retired_at), in_int(expires_at), in_text(kid)), NULL);
}

FALLIBLE signing_keys_revoke(struct tx *tx, struct str kid, int64_t now_us, int64_t *changed)
{
    return query_run(tx, ASK(KEY_REVOKE, in_int(now_us), in_text(kid)), changed);
}

FALLIBLE signing_keys_revoke_all(struct tx *tx, int64_t now_us)
{
    return query_run(tx, ASK(KEYS_REVOKE_ALL, in_int(now_us)), NULL);
}

FALLIBLE signing_keys_reseal(struct tx *tx, struct str kid, struct str sealed)
{
    return query_run(tx, ASK(KEY_RESEAL, in_text(sealed), in_text(kid)), NULL);
}

FALLIBLE master_key_read(struct db *db, struct arena *mem, struct master_key_row *out)
{
    struct master_key_row row = { 0 };
    const struct part parts[] = { { &master_shape, &row }, { NULL, NULL } };
    bool found = false;

    TRY(query_one(db, mem, (struct ask){ .query = QUERY_MASTER_READ }, parts, &found));
    *out = row;
    return OK;
}

FALLIBLE master_key_change(struct tx *tx, const struct master_key_row *row, int64_t now_us)
{
    return query_run(tx, ASK(MASTER_CHANGE, in_text(row->fingerprint), in_text(row->lasting), in_int(now_us)), NULL);
}

FALLIBLE master_key_hold(struct tx *tx, struct arena *mem, const struct master_key_row *row, int64_t now_us,
                         struct master_key_row *there)
{
    TRY(query_run(tx, ASK(MASTER_ADD, in_text(row->fingerprint), in_text(row->lasting), in_int(now_us)), NULL));
    TRY(query_run(tx, (struct ask){ .query = QUERY_MASTER_HOLD }, NULL));
    TRY(master_key_read(tx_db(tx), mem, there));
    return str_equal(there->fingerprint, row->fingerprint)
               ? OK
               : fail(ERR_DENIED, "this is not the master key that the database's signing keys are sealed with");
}
