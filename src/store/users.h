/* Table `users`; its owner room is account/.  Contracts of the verbs: found is false and out untouched when there is no
 * such row. */
#pragma once
#include "store/rows.h"
#include "store/store.h"

FALLIBLE users_by_id(struct db *db, struct arena *mem, int64_t id, struct user_row *out, bool *found);
FALLIBLE users_by_public_id(struct db *db, struct arena *mem, struct str public_id, struct user_row *out, bool *found);
FALLIBLE users_by_email(struct db *db, struct arena *mem, struct str email_key, struct user_row *out, bool *found);
FALLIBLE users_by_username(struct db *db, struct arena *mem, struct str username_key, struct user_row *out,
                           bool *found);

/* Insert; the database gives row->id.  Ends: ERR_CONFLICT with WHY_EMAIL_TAKEN or WHY_USERNAME_TAKEN. */
FALLIBLE users_add(struct tx *tx, struct user_row *row);
/* The same for who gathers: row->id is there when the commit is, and ERR_CONFLICT (here or by the commit) does not say what was
 * taken. */
FALLIBLE users_add_later(struct tx *tx, struct user_row *row);
/* Write name, date_of_birth, job_title, username(+key), is_active, roles, token_version, updated_at of row->id.
 * Ends: ERR_MISSING, ERR_CONFLICT (WHY_USERNAME_TAKEN). */
FALLIBLE users_update(struct tx *tx, const struct user_row *row);
/* What passkeys know the account by, base64url; absent: none yet.  Ends: ERR_MISSING. */
FALLIBLE users_handle(struct db *db, struct arena *mem, int64_t id, struct str *handle);
/* Give it one; who has one keeps it. */
FALLIBLE users_set_handle(struct tx *tx, int64_t id, struct str handle);
/* Replace the hash only if it is still `before`.  Ends: ERR_CONFLICT. */
FALLIBLE users_set_password(struct tx *tx, int64_t id, struct str before, struct str after, int64_t now_us);

struct user_filter {
    struct str email_key; /* absent: any */
    struct str text;      /* in name, e-mail or user name, case-insensitive for ASCII */
    struct str role;
    int active;       /* -1 any, 0, 1 */
    struct str after; /* public id of the last row of the page before */
    int64_t limit;    /* rows at most */
};
/* Sorted by public_id. */
FALLIBLE users_list(struct db *db, struct arena *mem, const struct user_filter *f, struct user_row **rows,
                    size_t *count);

/* Read a row that nobody else can change before this transaction ends. */
FALLIBLE users_hold(struct tx *tx, struct arena *mem, struct str public_id, struct user_row *out, bool *found);
/* The same for all active administrators; count: how many.  Before users_hold of one of them, so that two such transactions wait
 * for each other in one order. */
FALLIBLE users_hold_active_admins(struct tx *tx, int64_t *count);
