/* The stories of an operator at the console: there is no caller to ask for permission, and the audit trail says so.
 *
 * Owns     nothing; rows lie in the visit's arena.
 * Threads  any with its services; signup waits for a hash.
 */
#pragma once
#include "account/account.h"
#include "flow/signup.h"

#define OPERATOR STR("cli") /* the actor of the audit rows */

/* Whom a person means: an e-mail address (it has an "@"), a public id (a UUID), the integer id (digits), else a user name.  A user
 * name that looks like an id is never taken for one: its owner could have chosen it to be mistaken.
 * Ends: ERR_MISSING (WHY_USER_MISSING). */
FALLIBLE flow_operator_find(struct services *at, const struct visit *v, struct str typed, struct user_row *out);

/* The same, and audited as the reading of a profile. */
FALLIBLE flow_operator_read(struct services *at, const struct visit *v, struct str typed, struct user_row *out);

/* Sorted by public id; the reading of the whole page is audited. */
FALLIBLE flow_operator_list(struct services *at, const struct visit *v, const struct user_filter *filter,
                            struct user_row **rows, size_t *count);

/* As flow_signup: same policy, same ends.  roles: joined; absent: an ordinary user. */
FALLIBLE flow_operator_signup(struct services *at, const struct visit *v, const struct signup *wish, struct str roles,
                              struct faults *faults, struct user_row *out);

/* For whoever has lost all second factors: may they go?  Also for a question before flow_operator_reset_factors.
 * Ends: ERR_CONFLICT (there is none; or no password, so that nobody would come in again). */
FALLIBLE flow_operator_may_reset(const struct user_row *row);
/* Remove passkeys, authenticator app and recovery codes, end every session, void every token and what is half done; each factor has
 * its audit row, the owner a notice.  id: a public id; out: the account as it was.
 * Ends: ERR_MISSING (WHY_USER_MISSING), and those of flow_operator_may_reset. */
FALLIBLE flow_operator_reset_factors(struct services *at, const struct visit *v, struct str id, struct user_row *out);

/* As flow_profile_change, without a caller.  id: a public id. */
FALLIBLE flow_operator_change(struct services *at, const struct visit *v, struct str id,
                              const struct account_change *change, struct user_row *out);
