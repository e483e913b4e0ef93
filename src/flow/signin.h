/* The stories of signing in: with a password, by refresh token, and out again; and of a new password.
 *
 * Owns     nothing; results lie in the visit's arena.
 * Threads  any worker with its services.  password_signin and password_change wait for a hash: only on the slow lane.
 * Sources  NIST SP 800-63B-4 3.1.1.2, 3.2.2; RFC 9068 (claims); RFC 9700 2.2.2 (rotation); threat model AC3–AC7.
 */
#pragma once
#include "access/access.h"
#include "base/field.h"
#include "base/visit.h"
#include "flow/services.h"

struct tokens {
    struct str message, access_token, token_type;
    int64_t expires_in;         /* seconds */
    struct str refresh_token;   /* absent when the answer has it elsewhere */
    int64_t refresh_expires_in; /* seconds */
    struct str session_id, user_id;
    struct str scope; /* absent: all that the account may; SCOPE_ENROL: only to add a factor */
    int64_t notices;  /* how many wait for the user; told at a sign-in */
};

#define SCOPE_ENROL "enrol" /* of a token that can only add a factor */

struct dpop_proof;

struct credentials {
    struct str email, username; /* exactly one is present */
    const struct secret *password;
};

/* What the tokens of a sign-in are bound to, and what came with a refresh token. */
struct token_binding {
    bool is_web;    /* the refresh token lies in a cookie that no script can read */
    struct str jkt; /* thumbprint of the DPoP key that was just proved; absent: none */
    const struct dpop_proof
        *proof; /* the proof of it; who opens or renews a session by it spends it (flow_dpop_spend) */
};

/* What a right password gets where a factor is still due; see flow/second_step.h. */
struct second_step_due {
    bool mfa_required; /* false: it is not, and there are tokens */
    struct str mfa_token;
    struct strs methods;
    int64_t expires_in; /* seconds */
};

/* Unknown account, wrong password, inactive account: the same end after the same work.  An account with a second factor gets no tokens
 * but what the second step takes.
 * Ends: ERR_UNAUTHENTICATED (WHY_CREDENTIALS), ERR_LIMITED, ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_password_signin(struct services *at, const struct visit *v, const struct credentials *typed,
                              const struct token_binding *binding, struct tokens *out, struct second_step_due *due);

#define REFRESH_REUSED "refresh_reused" /* text of the note: an alarm */

/* Spend a refresh token for a new pair.  The retry of a moment ago gets the same refresh token again; a second use of any other kind
 * ends the session and is written down as what it is (authn_token_reuse): the answer does not tell.
 * Ends: ERR_UNAUTHENTICATED (WHY_REFRESH_INVALID). */
FALLIBLE flow_renewal(struct services *at, const struct visit *v, struct str refresh_token,
                      const struct token_binding *binding, struct tokens *out);

FALLIBLE flow_logout(struct services *at, const struct visit *v, const struct caller *caller);
FALLIBLE flow_logout_all(struct services *at, const struct visit *v, const struct caller *caller);

struct password_change {
    const struct secret *current, *password;
};

/* Somebody with a stolen access token must not become the owner: what is typed must be the current password.  Waits for a hash; the
 * caller bounds the tries.  stored: the hash that it was checked against; lies in v->mem.
 * Ends: ERR_DENIED (WHY_PASSWORD_WRONG), ERR_UNAUTHENTICATED (WHY_SESSION_ENDED: the account is gone), ERR_BUSY. */
FALLIBLE current_password_check(struct services *at, const struct visit *v, const struct caller *caller,
                                const struct secret *typed, struct str *stored);

/* One's own only.  Every other session of the account ends.
 * Ends: ERR_DENIED (WHY_FORBIDDEN; WHY_PASSWORD_WRONG), ERR_INVALID (faults), ERR_LIMITED, ERR_BUSY. */
FALLIBLE flow_password_change(struct services *at, const struct visit *v, const struct caller *caller, struct str id,
                              const struct password_change *typed, struct faults *faults);

/* The account and session of an access token, as they stand in the store now.  Whether who shows it may use it is another question: a
 * caller whose session has a jkt has to prove that key (flow_dpop_use).
 * Ends: ERR_UNAUTHENTICATED (WHY_TOKEN_INVALID, WHY_TOKEN_EXPIRED, WHY_SESSION_ENDED), ERR_INTERNAL. */
FALLIBLE flow_recognise(struct services *at, const struct visit *v, struct str access_token, struct caller *out);

/* The same of a refresh token, which is looked at and not spent: the good one of an open session.
 * Ends: ERR_UNAUTHENTICATED (WHY_REFRESH_INVALID), ERR_INTERNAL. */
FALLIBLE flow_stand_refresh(struct services *at, const struct visit *v, struct str refresh_token, struct caller *out);

/* And of the refresh token in a page's cookie, which comes with every request to its host: of a web session that is bound to no key.
 * The one before counts as long as its retry would.  Ends: ERR_UNAUTHENTICATED (WHY_REFRESH_INVALID), ERR_INTERNAL. */
FALLIBLE flow_recognise_page(struct services *at, const struct visit *v, struct str refresh_token, struct caller *out);

/* The second half of flow_recognise, for claims that have been checked.
 * Ends: ERR_UNAUTHENTICATED (WHY_SESSION_ENDED), ERR_INTERNAL. */
FALLIBLE flow_stand(struct services *at, const struct visit *v, const struct jwt_claims *claims, struct caller *out);
