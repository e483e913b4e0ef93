/* Table `webauthn_credentials`: passkeys and security keys; the flows of passkeys own it, for it needs two rooms of the domain.
 *
 * Contracts of the verbs: found is false and out untouched when there is no such row.
 */
#pragma once
#include "store/rows.h"
#include "store/store.h"

/* With its owner. */
FALLIBLE credentials_by_id(struct db *db, struct arena *mem, struct str id, struct credential_row *out,
                           struct user_row *owner, bool *found);
/* The oldest first. */
FALLIBLE credentials_of_user(struct db *db, struct arena *mem, int64_t user_id, struct credential_row **rows,
                             size_t *count);

/* user_handle is not written.  Ends: ERR_CONFLICT (the id is somebody's already). */
FALLIBLE credentials_add(struct tx *tx, const struct credential_row *row);

/* An assertion that was good. */
struct credential_use {
    struct str id;
    int64_t sign_count;
    bool backup_state, user_verified;
    bool take_regress; /* also when the number does not grow; the highest one stays */
    int64_t now_us;
};
/* taken is false, and nothing is changed, when the number does not grow (0 that stays 0 counts nothing) or there is no such row. */
FALLIBLE credentials_used(struct tx *tx, const struct credential_use *use, bool *taken);

/* Of this account alone; changed: whether it has one of this id. */
FALLIBLE credentials_rename(struct tx *tx, int64_t user_id, struct str id, struct str name, bool *changed);
FALLIBLE credentials_remove(struct tx *tx, int64_t user_id, struct str id, bool *changed);
