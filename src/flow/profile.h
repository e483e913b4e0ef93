/* The stories of profiles: read, list, change, remove; each under access control.
 *
 * Owns     nothing; rows lie in the visit's arena.
 * Threads  any worker with its services.
 * Source   RFC 7396 (merge patch), threat model AC33, AC34, AC36.
 */
#pragma once
#include "access/access.h"
#include "account/account.h"
#include "base/visit.h"
#include "flow/services.h"

/* id: a public id.  Reading another's is audited.
 * Ends: ERR_DENIED (the same whether or not the account exists), ERR_MISSING (only for who may read all). */
FALLIBLE flow_profile_read(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                           struct user_row *out);

/* Sorted by id; one row more than asked for is never given: next is absent on the last page. */
FALLIBLE flow_profile_list(struct services *at, const struct visit *v, const struct caller *caller,
                           struct user_filter *filter, struct user_row **rows, size_t *count, struct str *next);

/* roles and is_active only with users:write.
 * Ends: ERR_DENIED, ERR_MISSING, ERR_INVALID (faults), ERR_CONFLICT (WHY_USERNAME_TAKEN, WHY_LAST_ADMIN). */
FALLIBLE flow_profile_change(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                             const struct account_change *change, struct faults *faults, struct user_row *out);

/* Soft: the account is inactive, its sessions ended, its names stay taken.  Oneself: after a recent sign-in only. */
FALLIBLE flow_profile_remove(struct services *at, const struct visit *v, const struct caller *caller, struct str id);
