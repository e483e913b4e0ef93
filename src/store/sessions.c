#include "store/sessions.h"

#include "store/query.h"

#define SESSION_COLUMN(name) COLUMN(struct session_row, name),
static const struct column session_columns[] = { SESSION_COLUMNS(SESSION_COLUMN, SESSION_COLUMN) };
const struct shape session_shape = SHAPE(struct session_row, session_columns);

static const struct column standing_columns[] = { STANDING_COLUMNS(SESSION_COLUMN, SESSION_COLUMN) };
static const struct shape standing_shape = SHAPE(struct session_row, standing_columns);

#define CALLER_COLUMN(name) COLUMN(struct user_row, name),
static const struct column caller_columns[] = { CALLER_COLUMNS(CALLER_COLUMN, CALLER_COLUMN)
                                                    USER_FACTORS(CALLER_COLUMN) };
static const struct shape caller_shape = SHAPE(struct user_row, caller_columns);

#define SESSION_ADDED (sizeof session_columns / sizeof *session_columns)

FALLIBLE sessions_add(struct tx *tx, const struct session_row *row)
{
    struct value in[SESSION_ADDED];

    in_row(&session_shape, 0, row, in);
    return query_later(tx, (struct ask){ QUERY_SESSION_ADD, in, SESSION_ADDED });
}

FALLIBLE sessions_by_id(struct db *db, struct arena *mem, struct str id, struct session_row *out, bool *found)
{
    const struct part parts[] = { { &session_shape, out }, { NULL, NULL } };
    return query_one(db, mem, ASK(SESSION_BY_ID, in_text(id)), parts, found);
}

FALLIBLE sessions_with_user(struct db *db, struct arena *mem, struct str id, struct session_row *session,
                            struct user_row *user, bool *found)
{
    const struct part parts[] = { { &session_shape, session }, { &user_shape, user }, { NULL, NULL } };
    return query_one(db, mem, ASK(SESSION_WITH_USER, in_text(id)), parts, found);
}

FALLIBLE sessions_standing(struct db *db, struct arena *mem, struct str id, struct session_row *session,
                           struct user_row *user, bool *found)
{
    const struct part parts[] = { { &standing_shape, session }, { &caller_shape, user }, { NULL, NULL } };
    return query_one(db, mem, ASK(SESSION_STANDING, in_text(id)), parts, found);
}

FALLIBLE sessions_open_of_user(struct db *db, struct arena *mem, int64_t user_id, int64_t now_us, struct str after,
                               int64_t limit, struct session_row **rows, size_t *count)
{
    struct str from = after.ptr == NULL ? STR("") : after;
    struct ask ask = ASK(SESSIONS_OPEN_OF_USER, in_int(user_id), in_int(now_us), in_text(from), in_int(limit));
    return query_all(db, mem, ask, &session_shape, (void **)rows, count);
}

FALLIBLE sessions_spend(struct tx *tx, const struct session_spending *by)
{
    return query_expect(tx,
                        ASK(SESSION_SPEND, in_int(by->now_us), in_int(by->idle_until), in_text(by->address),
                            in_text(by->user_agent), in_text(by->id), in_int(by->number)),
                        1);
}

FALLIBLE sessions_raise(struct tx *tx, const struct session_row *row, bool *raised)
{
    int64_t changed = 0;

    TRY(query_run(tx,
                  ASK(SESSION_RAISE, in_digest(&row->refresh_seed), in_int(row->last_used_at), in_int(row->idle_until),
                      in_int(row->auth_time_s), in_text(row->amr), in_text(row->acr), in_text(row->last_address),
                      in_text(row->last_user_agent), in_text(row->id)),
                  &changed));
    *raised = changed == 1;
    return OK;
}

FALLIBLE sessions_strengthen(struct tx *tx, struct str id, struct str amr, struct str acr)
{
    return query_later(tx, ASK(SESSION_STRENGTHEN, in_text(amr), in_text(acr), in_text(id)));
}

FALLIBLE sessions_end(struct tx *tx, struct str id, struct str reason, int64_t now_us, int64_t *ended)
{
    return query_run(tx, ASK(SESSION_END, in_int(now_us), in_text(reason), in_text(id)), ended);
}

FALLIBLE sessions_end_of_user(struct tx *tx, struct str id, int64_t user_id, struct str reason, int64_t now_us,
                              int64_t *ended)
{
    return query_run(tx, ASK(SESSION_END_OF_USER, in_int(now_us), in_text(reason), in_text(id), in_int(user_id)),
                     ended);
}

FALLIBLE sessions_end_all(struct tx *tx, int64_t user_id, struct str reason, int64_t now_us, int64_t *ended)
{
    return query_run(tx, ASK(SESSIONS_END_ALL, in_int(now_us), in_text(reason), in_int(user_id)), ended);
}

FALLIBLE sessions_end_others(struct tx *tx, int64_t user_id, struct str but_id, struct str reason, int64_t now_us,
                             int64_t *ended)
{
    return query_run(tx, ASK(SESSIONS_END_OTHERS, in_int(now_us), in_text(reason), in_int(user_id), in_text(but_id)),
                     ended);
}
