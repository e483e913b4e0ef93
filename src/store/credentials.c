#include "store/credentials.h"

#include "store/query.h"

#define CREDENTIAL_COLUMN(name) COLUMN(struct credential_row, name),
static const struct column stored_columns[] = { CREDENTIAL_COLUMNS(CREDENTIAL_COLUMN, CREDENTIAL_COLUMN) };
static const struct shape stored_shape = SHAPE(struct credential_row, stored_columns);
static const struct column credential_columns[] = { CREDENTIAL_COLUMNS(CREDENTIAL_COLUMN, CREDENTIAL_COLUMN)
                                                        COLUMN(struct credential_row, user_handle) };
const struct shape credential_shape = SHAPE(struct credential_row, credential_columns);

#define CREDENTIAL_ADDED (sizeof stored_columns / sizeof *stored_columns)

FALLIBLE credentials_by_id(struct db *db, struct arena *mem, struct str id, struct credential_row *out,
                           struct user_row *owner, bool *found)
{
    const struct part parts[] = { { &credential_shape, out }, { &user_shape, owner }, { NULL, NULL } };
    return query_one(db, mem, ASK(CREDENTIAL_BY_ID, in_text(id)), parts, found);
}

FALLIBLE credentials_of_user(struct db *db, struct arena *mem, int64_t user_id, struct credential_row **rows,
                             size_t *count)
{
    void *found = NULL;
    TRY(query_all(db, mem, ASK(CREDENTIALS_OF_USER, in_int(user_id)), &credential_shape, &found, count));
    *rows = found;
    return OK;
}

FALLIBLE credentials_add(struct tx *tx, const struct credential_row *row)
{
    struct value in[CREDENTIAL_ADDED];

    in_row(&stored_shape, 0, row, in);
    return query_run(tx, (struct ask){ QUERY_CREDENTIAL_ADD, in, CREDENTIAL_ADDED }, NULL);
}

FALLIBLE credentials_used(struct tx *tx, const struct credential_use *use, bool *taken)
{
    int64_t changed = 0;
    const struct ask ask =
        ASK(CREDENTIAL_USED, in_int(use->sign_count), in_int(use->backup_state), in_int(use->user_verified),
            in_int(use->now_us), in_text(use->id), in_int(use->take_regress));

    TRY(query_run(tx, ask, &changed));
    *taken = changed == 1;
    return OK;
}

static FALLIBLE change(struct tx *tx, struct ask ask, bool *changed)
{
    int64_t rows = 0;

    TRY(query_run(tx, ask, &rows));
    *changed = rows == 1;
    return OK;
}

FALLIBLE credentials_rename(struct tx *tx, int64_t user_id, struct str id, struct str name, bool *changed)
{
    return change(tx, ASK(CREDENTIAL_RENAME, in_text(name), in_text(id), in_int(user_id)), changed);
}

FALLIBLE credentials_remove(struct tx *tx, int64_t user_id, struct str id, bool *changed)
{
    return change(tx, ASK(CREDENTIAL_REMOVE, in_text(id), in_int(user_id)), changed);
}
