/* The stories of recovery codes: a new sheet.
 *
 * Owns     nothing; results lie in the visit's arena.
 * Threads  any worker with its services.
 * Sources  NIST SP 800-63B-4 4.2.1.1; OWASP ASVS 5.0 6.5.1, 6.5.2; threat model AC22.
 */
#pragma once
#include "access/access.h"
#include "base/visit.h"
#include "factor/recovery_code.h"
#include "flow/services.h"

struct recovery_sheet {
    struct strs codes; /* as people read them; shown now and never again */
    int64_t created_at;
};

/* In the place of the old one.  Ends: ERR_DENIED (WHY_SIGNIN_NOT_RECENT), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_recovery_codes_make(struct services *at, const struct visit *v, const struct caller *caller,
                                  struct recovery_sheet *out);
