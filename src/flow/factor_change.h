/* Adding and removing second factors: what every factor's flow asks first, and leaves behind.
 *
 * Owns     nothing.
 * Threads  any worker with its services.
 * Sources  NIST SP 800-63B-4 4.1.2 (binding a further authenticator), 4.6 (notices); threat model AC19, AC22, AC23; checklists 9 (the last
 *          factor is not removed without replacement where one is demanded).
 */
#pragma once
#include "flow/second_step.h"

enum factor_change { FACTOR_ADD, FACTOR_REMOVE };

/* May this caller change the factors of its account now?  Only after a fresh sign-in with the strongest factor that there is; who came in
 * by recovery code may add one, for that is what the code is for, and a token that can only add a factor gets here for nothing else.
 * left: how many factors (not recovery codes) the account has after a removal.
 * Ends: ERR_UNAUTHENTICATED (WHY_ACR_TOO_LOW, WHY_SIGNIN_NOT_RECENT), ERR_DENIED (WHY_ENROL_ONLY), ERR_CONFLICT (WHY_LAST_FACTOR). */
FALLIBLE factor_change_admit(struct services *at, const struct visit *v, const struct caller *caller,
                             enum factor_change change, int64_t left);

/* In the transaction of the change: the audit row, the notice.  A factor that was added has just been shown, so this session is as
 * strong as it from its next access token on (acr: what both together are); made fresh is it not.  Recovery codes raise nothing. */
FALLIBLE factor_changed(struct tx *tx, const struct visit *v, const struct caller *caller, enum factor_change change,
                        const struct factor_shown *factor);
