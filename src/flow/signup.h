/* The story of signing up.
 *
 * Threads  any worker with its services; waits for a hash: only on the slow lane.
 * Source   NIST SP 800-63B-4 3.1.1.2 (blocklist, length), threat model AC8 (race), AC11.
 */
#pragma once
#include "base/field.h"
#include "base/visit.h"
#include "flow/services.h"
#include "store/rows.h"

struct signup {
    struct str email, username; /* at least one is present */
    struct str name, date_of_birth, job_title;
    const struct secret *password; /* empty when it did not come: then faults says so already */
};

/* faults: what the body's own checks found; the password's policy is added, so that all are told at once.
 * Ends: ERR_INVALID (WHY_VALIDATION), ERR_CONFLICT (WHY_EMAIL_TAKEN, WHY_USERNAME_TAKEN), ERR_LIMITED, ERR_BUSY. */
FALLIBLE flow_signup(struct services *at, const struct visit *v, const struct signup *wish, struct faults *faults,
                     struct user_row *out);
