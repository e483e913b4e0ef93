/* The stories of signing in: with a password, by refresh token, and out again.
 *
 * Owns     nothing; results lie in the visit's arena.
 * Threads  any worker with its services.  password_signin waits for a hash: only on the slow lane.
 * Sources  NIST SP 800-63B-4 3.1.1.2, 3.2.2; RFC 9068 (claims); RFC 9700 2.2.2 (rotation); threat model AC3–AC7.
 */
#pragma once
#include "access/access.h"
#include "base/visit.h"
#include "flow/services.h"

struct tokens {
    struct str message, access_token, token_type;
    int64_t expires_in; /* seconds */
    struct str refresh_token;
    int64_t refresh_expires_in; /* seconds */
    struct str session_id, user_id;
};

struct credentials {
    struct str email, username; /* exactly one is present */
    const struct secret *password;
};

/* Unknown account, wrong password, inactive account: the same end after the same work.
 * Ends: ERR_UNAUTHENTICATED (WHY_CREDENTIALS), ERR_LIMITED, ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_password_signin(struct services *at, const struct visit *v, const struct credentials *typed,
                              struct tokens *out);

/* Ends: ERR_UNAUTHENTICATED (WHY_REFRESH_INVALID). */
FALLIBLE flow_renewal(struct services *at, const struct visit *v, struct str refresh_token, struct tokens *out);

FALLIBLE flow_logout(struct services *at, const struct visit *v, const struct caller *caller);
FALLIBLE flow_logout_all(struct services *at, const struct visit *v, const struct caller *caller);

/* The account and session of an access token, as they stand in the store now.
 * Ends: ERR_UNAUTHENTICATED (WHY_TOKEN_INVALID, WHY_TOKEN_EXPIRED, WHY_SESSION_ENDED), ERR_INTERNAL. */
FALLIBLE flow_recognise(struct services *at, const struct visit *v, struct str access_token, struct caller *out);
