/* The story of an account that is made with its first passkey, without a password.
 *
 * The first half writes nothing; the second makes account and credential in one transaction.
 *
 * Owns     nothing; all lies in the visit's arena.
 * Threads  any worker with its services.
 * Sources  WebAuthn Level 3 7.1; 14.6.1 (user handles).
 */
#pragma once
#include "flow/passkey.h"

struct passkey_signup {
    struct str username, display_name; /* checked by the field table; display_name may be absent */
};

/* Ends: ERR_CONFLICT (WHY_USERNAME_TAKEN), ERR_LIMITED, ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_passkey_signup_begin(struct services *at, const struct visit *v, const struct passkey_signup *wish,
                                   struct passkey_asked *out);

struct passkey_signup_answer {
    struct str user_id; /* user.id of the options */
    struct str ceremony, credential;
};
/* Ends: ERR_INVALID (WHY_CEREMONY, WHY_PASSKEY), ERR_CONFLICT (WHY_USERNAME_TAKEN: meanwhile), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_passkey_signup(struct services *at, const struct visit *v, const struct passkey_signup_answer *answer,
                             struct user_row *out);
