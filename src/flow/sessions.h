/* The stories of an account's signed-in devices: look at them, and end one.
 *
 * Owns     nothing; rows lie in the visit's arena.
 * Threads  any worker with its services.
 * Source   OWASP ASVS 5.0 7.5.2 (people see and end their sessions), threat model AC17.
 */
#pragma once
#include "access/access.h"
#include "base/visit.h"
#include "flow/services.h"

struct sessions_page {
    struct session_row *rows;
    size_t count;
    struct str next; /* absent on the last page */
};

/* The open ones, the oldest first, from behind `after` on.  id: a public id; another's only with sessions:write, and audited.
 * Ends: ERR_DENIED (the same whether or not the account exists), ERR_MISSING (only for who may). */
FALLIBLE flow_sessions_list(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                            struct str after, int64_t limit, struct sessions_page *out);

/* Ends: as above; ERR_MISSING (WHY_SESSION_MISSING) when the account has no open session of this id. */
FALLIBLE flow_session_end(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                          struct str session);
