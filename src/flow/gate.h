/* The one gate through which people get in: every session is opened and raised here, and its tokens come from tokens.h.
 *
 * Owns     nothing; results lie in the visit's arena.
 * Threads  any worker with its services, and a transaction of one's own: that of what proved who it is.
 * Sources  threat model AC18 (only the session gate issues tokens, after policy); RFC 9068 2.2.1 (auth_time, acr, amr); RFC 8176 2.
 */
#pragma once
#include "flow/signin.h"

/* What a sign-in has shown.  amr: words of RFC 8176 with commas between them, of ours "recovery" for a recovery code. */
struct signin_how {
    struct str amr, acr;
    const struct token_binding *binding;
};

/* Open a session of this account and issue its tokens; spends the proof of the binding.  The caller has checked all that the sign-in
 * takes, and has the account held or just read.  Below what POSTERN_MFA demands, the tokens can only add a factor.
 * Ends: ERR_INVALID (WHY_DPOP_SIGNIN), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE gate_open(struct services *at, struct tx *tx, const struct visit *v, const struct user_row *user,
                   const struct signin_how *how, struct tokens *out);

/* Raise this session to what its user has just shown again, and issue new tokens: the words of `how->amr` join those it has, the moment
 * is now, its refresh tokens of before are void, and its access tokens of before stay as weak as they say.
 * Ends: ERR_UNAUTHENTICATED (WHY_SESSION_ENDED; WHY_ACR_TOO_LOW: less than it has already, of what the account still has). */
FALLIBLE gate_raise(struct services *at, struct tx *tx, const struct visit *v, const struct caller *caller,
                    const struct signin_how *how, struct tokens *out);
