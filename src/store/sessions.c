#include "store/sessions.h"

#include "store/query.h"

#define SESSION_COLUMN(name) COLUMN(struct session_row, name),
static const struct column session_columns[] = { SESSION_COLUMNS(SESSION_COLUMN, SESSION_COLUMN) };
const struct shape session_shape = SHAPE(struct session_row, session_columns);

#define SESSION_ADDED (sizeof session_columns / sizeof *session_columns)

FALLIBLE sessions_add(struct tx *tx, const struct session_row *row)
{
    struct value in[SESSION_ADDED];

    in_row(&session_shape, 0, row, in);
    return query_run(tx, (struct ask){ QUERY_SESSION_ADD, in, SESSION_ADDED }, NULL);
}

static FALLIBLE session_one(struct db *db, struct arena *mem, struct ask ask, struct session_row *session,
                            struct user_row *user, bool *found)
{
    const struct part parts[] = { { &session_shape, session }, { &user_shape, user }, { NULL, NULL } };
    return query_one(db, mem, ask, parts, found);
}

FALLIBLE sessions_with_user(struct db *db, struct arena *mem, struct str id, struct session_row *session,
                            struct user_row *user, bool *found)
{
    return session_one(db, mem, ASK(SESSION_WITH_USER, in_text(id)), session, user, found);
}

FALLIBLE sessions_by_refresh(struct db *db, struct arena *mem, const struct digest *refresh,
                             struct session_row *session, struct user_row *user, bool *found)
{
    return session_one(db, mem, ASK(SESSION_BY_REFRESH, in_digest(refresh)), session, user, found);
}

FALLIBLE sessions_rotate(struct tx *tx, struct str id, const struct digest *before, const struct digest *after,
                         int64_t now_us)
{
    int64_t changed = 0;

    TRY(query_run(tx, ASK(SESSION_ROTATE, in_digest(after), in_int(now_us), in_text(id), in_digest(before)), &changed));
    return changed == 1 ? OK : fail(ERR_CONFLICT, "the session has ended, or its refresh token is another one by now");
}

FALLIBLE sessions_end(struct tx *tx, struct str id, struct str reason, int64_t now_us, int64_t *ended)
{
    return query_run(tx, ASK(SESSION_END, in_int(now_us), in_text(reason), in_text(id)), ended);
}

FALLIBLE sessions_end_all(struct tx *tx, int64_t user_id, struct str reason, int64_t now_us, int64_t *ended)
{
    return query_run(tx, ASK(SESSIONS_END_ALL, in_int(now_us), in_text(reason), in_int(user_id)), ended);
}
