/* The stories of signing in with a passkey or security key: alone, after the password, and again inside a session.
 *
 * Whoever asks for the options of a named account gets some, known or not: what an unknown name is shown is made up, the same each time.
 *
 * Owns     nothing; all lies in the visit's arena.
 * Threads  any worker with its services.
 * Sources  WebAuthn Level 3 7.2; 14.6.2 (username enumeration); RFC 8176 2 (amr); threat model AC18, AC24–AC27.
 */
#pragma once
#include "flow/passkey.h"
#include "flow/signin.h"

struct passkey_requested {
    struct str ceremony; /* to be handed back */
    struct request_options options;
};

/* At most one is present; none: whoever the passkey knows. */
struct passkey_whom {
    struct str mfa_token;
    struct str email, username;
};

/* binding: of an mfa_token.  Ends: ERR_UNAUTHENTICATED (WHY_MFA_TOKEN), ERR_LIMITED, ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_passkey_signin_begin(struct services *at, const struct visit *v, const struct passkey_whom *whom,
                                   const struct token_binding *binding, struct passkey_requested *out);

/* counter_regressed is told in any end: it is a matter for an alarm. */
struct passkey_signed {
    struct tokens tokens;
    bool counter_regressed;
};

/* Ends: ERR_INVALID (WHY_CEREMONY), ERR_UNAUTHENTICATED (WHY_CREDENTIALS: any step of 7.2, or an account that may not; the audit trail
 * tells which; WHY_MFA_TOKEN), ERR_INVALID (WHY_DPOP_SIGNIN), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_passkey_signin(struct services *at, const struct visit *v, const struct passkey_answer *answer,
                             const struct token_binding *binding, struct passkey_signed *out);

/* Again, by who is signed in: with a credential of the same account.  Ends: as above, and those of step_up_finish. */
FALLIBLE flow_passkey_step_up_begin(struct services *at, const struct visit *v, const struct caller *caller,
                                    struct passkey_requested *out);
FALLIBLE flow_passkey_step_up(struct services *at, const struct visit *v, const struct caller *caller,
                              const struct passkey_answer *answer, struct passkey_signed *out);
