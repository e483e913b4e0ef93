/* Signing in again, inside a session: for acts that demand a fresh or a stronger sign-in.
 *
 * An account with a factor does it with a factor, any other with its password.  Each factor's flow checks what it is shown and then
 * calls step_up_finish in the transaction that spends it.
 *
 * Owns     nothing; results lie in the visit's arena.
 * Threads  any worker with its services.  flow_step_up_password waits for a hash: only on the slow lane.
 * Sources  RFC 9470 3, 4 (the client comes back with a token whose acr and auth_time will do); OWASP ASVS 5.0 7.5.1.
 */
#pragma once
#include "flow/second_step.h"

/* What the caller's token says, and what could raise its session: "webauthn", "totp", or "password" where there is no factor.  Those that
 * are weaker than what the session has are left out. */
struct step_up_state {
    struct str acr;
    int64_t auth_time; /* moment */
    struct strs methods;
};
struct step_up_state flow_step_up_look(const struct visit *v, const struct caller *caller);

/* Ends: ERR_CONFLICT (WHY_STEP_UP_METHOD: the account has a factor), ERR_DENIED (WHY_PASSWORD_WRONG), ERR_LIMITED, ERR_BUSY. */
FALLIBLE flow_step_up_password(struct services *at, const struct visit *v, const struct caller *caller,
                               const struct secret *password, struct tokens *out);

/* Ends: those of gate_raise. */
FALLIBLE step_up_finish(struct services *at, struct tx *tx, const struct visit *v, const struct caller *caller,
                        const struct factor_shown *shown, struct tokens *out);
/* A factor that was not the right one.  reason: one word. */
FALLIBLE step_up_failed(struct services *at, const struct visit *v, const struct caller *caller,
                        const struct factor_shown *shown, struct str reason);
