#include "store/notices.h"

#include "store/query.h"

#define NOTICE_COLUMN(name) COLUMN(struct notice_row, name),
static const struct column notice_columns[] = { NOTICE_COLUMNS(NOTICE_COLUMN, NOTICE_COLUMN) };
const struct shape notice_shape = SHAPE(struct notice_row, notice_columns);

#define NOTICE_ADDED (sizeof notice_columns / sizeof *notice_columns)

FALLIBLE notices_add(struct tx *tx, const struct notice_row *row)
{
    struct value in[NOTICE_ADDED];

    in_row(&notice_shape, 0, row, in);
    return query_later(tx, (struct ask){ QUERY_NOTICE_ADD, in, NOTICE_ADDED });
}

FALLIBLE notices_forget_kind(struct tx *tx, int64_t user_id, struct str kind)
{
    return query_later(tx, ASK(NOTICES_FORGET_KIND, in_int(user_id), in_text(kind)));
}

FALLIBLE notices_trim(struct tx *tx, int64_t user_id, int64_t keep)
{
    return query_later(tx, ASK(NOTICES_TRIM, in_int(user_id), in_int(keep)));
}

FALLIBLE notices_of_user(struct db *db, struct arena *mem, int64_t user_id, struct notice_row **rows, size_t *count)
{
    void *found = NULL;
    TRY(query_all(db, mem, ASK(NOTICES_OF_USER, in_int(user_id)), &notice_shape, &found, count));
    *rows = found;
    return OK;
}

FALLIBLE notices_count(struct db *db, int64_t user_id, int64_t *count)
{
    return query_number(db, ASK(NOTICES_COUNT, in_int(user_id)), count);
}

FALLIBLE notices_remove(struct tx *tx, int64_t user_id, struct str id, bool *removed)
{
    int64_t changed = 0;

    TRY(query_run(tx, ASK(NOTICE_REMOVE, in_int(user_id), in_text(id)), &changed));
    *removed = changed == 1;
    return OK;
}
