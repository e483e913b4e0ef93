/* The stories of notices: read them, put one away.  One's own only, whatever the permissions: who could put away another's would hide
 * what was done to it.
 *
 * Owns     nothing; rows lie in the visit's arena.
 * Threads  any worker with its services.
 */
#pragma once
#include "access/access.h"
#include "flow/services.h"

/* The newest first.  Ends: ERR_DENIED (WHY_FORBIDDEN). */
FALLIBLE flow_notices_list(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                           struct notice_row **rows, size_t *count);
/* Ends: ERR_DENIED (WHY_FORBIDDEN), ERR_MISSING (WHY_NOTICE_MISSING). */
FALLIBLE flow_notice_remove(struct services *at, const struct caller *caller, struct str id, struct str notice);
