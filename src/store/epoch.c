#include "store/epoch.h"

#include "store/driver.h"
#include "store/rows.h"
#include "store/signing_keys.h"

static const struct column mark_columns[] = { COLUMN(struct mark, epoch), COLUMN(struct mark, seq),
                                              COLUMN(struct mark, at) };
static const struct shape mark_shape = SHAPE(struct mark, mark_columns);

bool mark_before(const struct mark *a, const struct mark *b)
{
    return a->epoch != b->epoch ? a->epoch < b->epoch : a->seq < b->seq;
}

FALLIBLE epoch_read(struct db *db, struct mark *out)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct part parts[] = { { &mark_shape, out }, { NULL, NULL } };
    bool found = false;

    TRY(query_one(db, mem, ASK(EPOCH_READ), parts, &found));
    return found ? OK : fail(ERR_INTERNAL, "the table epoch has no row");
}

FALLIBLE epoch_knows(struct db *db, const struct mark *mark, bool *knows)
{
    int64_t rows = 1;

    if (mark->seq != 0 && mark->at != 0)
        TRY(query_number(db, ASK(EPOCH_ROW, in_int(mark->seq), in_int(mark->at)), &rows));
    *knows = rows != 0;
    return OK;
}

FALLIBLE epoch_number(struct db *db, int64_t *out)
{
    bool has = false;

    TRY(db->store->driver->has_table(db->conn, "epoch", &has));
    *out = 0;
    return has ? query_number(db, ASK(EPOCH_READ), out) : OK;
}

static const struct column id_columns[] = { COLUMN(struct session_row, id) };
static const struct shape id_shape = SHAPE(struct session_row, id_columns);

FALLIBLE epoch_end_sessions(struct store *store, struct arena *mem, struct str reason, int64_t now_us, int64_t *ended)
{
    AUTO(db) struct db *db = NULL;
    struct session_row upto = { 0 };
    const struct part parts[] = { { &id_shape, &upto }, { NULL, NULL } };
    struct str from = STR("");
    bool more = false;

    *ended = 0;
    TRY(db_open(store, &db));
    for (;;) {
        AUTO(tx) struct tx *tx = NULL;
        int64_t some = 0;
        TRY(query_one(db, mem, ASK(EPOCH_SOME_LATER, in_text(from)), parts, &more));
        TRY(store_begin(store, &tx));
        if (more)
            TRY(query_run(tx, ASK(EPOCH_END_SOME, in_int(now_us), in_text(reason), in_text(from), in_text(upto.id)),
                          &some));
        else
            TRY(query_run(tx, ASK(EPOCH_END_SESSIONS, in_int(now_us), in_text(reason), in_text(from)), &some));
        TRY(store_commit(&tx));
        *ended += some;
        if (!more)
            return OK;
        from = upto.id;
    }
}

FALLIBLE epoch_raise(struct tx *tx, int64_t to, struct str reason, int64_t now_us, int64_t *ended)
{
    int64_t raised = 0;

    TRY(query_run(tx, ASK(EPOCH_RAISE, in_int(to)), &raised));
    *ended = -1;
    if (raised == 0)
        return OK;
    TRY(signing_keys_revoke_all(tx, now_us));
    return query_run(tx, ASK(EPOCH_END_SESSIONS, in_int(now_us), in_text(reason), in_text(STR(""))), ended);
}
