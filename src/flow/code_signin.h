/* The stories of a code that is typed: the second step of a sign-in, and a session that is raised.
 *
 * A try counts as a failure of that factor until it is found good, in the transaction that judges it: of codes that come at once on
 * several nodes one is looked at after the other.  FACTOR_FAILURES_MAX in a row disable the factor until it is set up anew; what is good
 * resets its own count and no other.  A code that was right and has served is refused and not counted: nobody guesses one.
 *
 * Owns     nothing; results lie in the visit's arena.
 * Threads  any worker with its services.
 * Sources  NIST SP 800-63B-4 3.1.4 (once), 3.2.2 (failures); OWASP ASVS 5.0 6.5.1; threat model AC19, AC20, AC21, AC22.
 */
#pragma once
#include "factor/recovery_code.h"
#include "factor/totp.h"
#include "flow/second_step.h"

/* What was typed; one of them. */
struct typed_code {
    const struct totp_code *totp;
    const struct recovery_code *recovery;
};

/* A recovery code opens a session that can only add a factor (threat model AC22), and the owner hears of it.
 * Ends: ERR_UNAUTHENTICATED (WHY_CODE_WRONG_SIGNIN; WHY_FACTOR_DISABLED_SIGNIN; WHY_MFA_TOKEN), ERR_LIMITED, ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_code_signin(struct services *at, const struct visit *v, struct str mfa_token,
                          const struct typed_code *code, const struct token_binding *binding, struct tokens *out);

/* By an app's code.  Ends: ERR_DENIED (WHY_CODE_WRONG; WHY_FACTOR_DISABLED), ERR_LIMITED, and those of step_up_finish. */
FALLIBLE flow_totp_step_up(struct services *at, const struct visit *v, const struct caller *caller,
                           const struct totp_code *code, struct tokens *out);
