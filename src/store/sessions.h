/* Table `sessions`; its owner room is session/. */
#pragma once
#include "store/rows.h"
#include "store/store.h"

FALLIBLE sessions_add(struct tx *tx, const struct session_row *row);
/* The session and its account in one statement. */
FALLIBLE sessions_with_user(struct db *db, struct arena *mem, struct str id, struct session_row *session,
                            struct user_row *user, bool *found);
/* The session that this refresh token belongs to, ended or not, with its account. */
FALLIBLE sessions_by_refresh(struct db *db, struct arena *mem, const struct digest *refresh,
                             struct session_row *session, struct user_row *user, bool *found);
/* Swap the digest if it is still `before` and the session is open.  Ends: ERR_CONFLICT (it is not). */
FALLIBLE sessions_rotate(struct tx *tx, struct str id, const struct digest *before, const struct digest *after,
                         int64_t now_us);
/* End one open session; ended: how many (0 or 1). */
FALLIBLE sessions_end(struct tx *tx, struct str id, struct str reason, int64_t now_us, int64_t *ended);
FALLIBLE sessions_end_all(struct tx *tx, int64_t user_id, struct str reason, int64_t now_us, int64_t *ended);
