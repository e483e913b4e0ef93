/* Table `sessions`; its owner room is session/. */
#pragma once
#include "store/rows.h"
#include "store/store.h"

FALLIBLE sessions_add(struct tx *tx, const struct session_row *row);
FALLIBLE sessions_by_id(struct db *db, struct arena *mem, struct str id, struct session_row *out, bool *found);
/* The session, ended or not, and its account in one statement. */
FALLIBLE sessions_with_user(struct db *db, struct arena *mem, struct str id, struct session_row *session,
                            struct user_row *user, bool *found);
/* The same for each request: only STANDING_COLUMNS of the session and CALLER_COLUMNS of the account are read, the rest is left as it
 * is. */
FALLIBLE sessions_standing(struct db *db, struct arena *mem, struct str id, struct session_row *session,
                           struct user_row *user, bool *found);
/* Those that are open at now_us, from the id behind `after` on, sorted by id: the oldest first. */
FALLIBLE sessions_open_of_user(struct db *db, struct arena *mem, int64_t user_id, int64_t now_us, struct str after,
                               int64_t limit, struct session_row **rows, size_t *count);

/* Who spends the refresh token with this number, and until when the next one must be spent. */
struct session_spending {
    struct str id;
    int64_t number;
    int64_t now_us, idle_until;
    struct str address, user_agent;
};
/* One statement.  Ends: ERR_CONFLICT, here or by what comes later in this transaction (the number is another by now, or the session has
 * ended or expired). */
FALLIBLE sessions_spend(struct tx *tx, const struct session_spending *by);

/* Write seed, number, last_used_at, idle_until, auth_time_s, amr, acr, last_address and last_user_agent of an open session.
 * raised is false, and nothing is changed, when it has ended or expired. */
FALLIBLE sessions_raise(struct tx *tx, const struct session_row *row, bool *raised);
/* Write amr and acr alone. */
FALLIBLE sessions_strengthen(struct tx *tx, struct str id, struct str amr, struct str acr);

/* End open sessions; ended: how many. */
FALLIBLE sessions_end(struct tx *tx, struct str id, struct str reason, int64_t now_us, int64_t *ended);
FALLIBLE sessions_end_of_user(struct tx *tx, struct str id, int64_t user_id, struct str reason, int64_t now_us,
                              int64_t *ended);
FALLIBLE sessions_end_all(struct tx *tx, int64_t user_id, struct str reason, int64_t now_us, int64_t *ended);
FALLIBLE sessions_end_others(struct tx *tx, int64_t user_id, struct str but_id, struct str reason, int64_t now_us,
                             int64_t *ended);
