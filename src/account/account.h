/* Who exists, in what state: making, finding and changing accounts.
 *
 * Owns     nothing; rows lie in the visit's arena.
 * Threads  any, with a connection or transaction of one's own.
 */
#pragma once
#include "account/identity.h"
#include "base/visit.h"
#include "store/users.h"

/* What a sign-up brings; absent parts are absent. */
struct account_wish {
    struct str email, username, name, date_of_birth, job_title;
    struct str hashed_password;
};

/* A row ready to be added: canonical keys, fresh public id, role `user`, active.
 * Ends: ERR_INVALID (an address or user name that does not hold; checked before by the field tables). */
FALLIBLE account_new(const struct visit *v, const struct account_wish *wish, struct user_row *out);

/* By what a person types to sign in: exactly one of the two is present.  A text that can't be anybody's name is not found. */
FALLIBLE account_find(struct db *db, const struct visit *v, struct str email, struct str username, struct user_row *out,
                      bool *found);
/* The canonical form of what was typed, or the text itself when it has none: known and unknown names are counted alike. */
struct str account_subject(const struct visit *v, struct str email, struct str username);

/* A merge patch (RFC 7396) over the parts that an account's owner may change; NULL: leave as it is. */
struct account_change {
    const struct str *name, *username, *date_of_birth, *job_title; /* an absent str removes the value */
    const bool *is_active;
    const struct str *roles; /* joined */
};
/* Apply to *row and stamp it.  Dropping roles or activity raises token_version, which voids every token.
 * Ends: ERR_INVALID (WHY_VALIDATION by the fault: an account keeps an e-mail address or a user name). */
FALLIBLE account_apply(const struct visit *v, const struct account_change *change, struct user_row *row,
                       struct faults *faults);
