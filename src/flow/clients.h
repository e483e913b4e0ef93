/* The stories of services: who they are, the tokens they get, what they may ask of others' tokens.
 *
 * Owns     nothing; results lie in the visit's arena.
 * Threads  any worker with its services.
 * Sources  RFC 6749 2.3.1, 4.4, 5.2; RFC 7523 3 (assertions); RFC 7662 2 (introspection); RFC 7009 2 (revocation);
 *          threat model AC14, AC17.
 */
#pragma once
#include "base/visit.h"
#include "client/client.h"
#include "flow/services.h"

#define ASSERTION_LIFE_S 300 /* an assertion may expire so far ahead of our clock */

/* What a client showed; exactly one of secret, assertion and bearer is present. */
struct client_proof {
    struct str id;        /* with secret; optional with an assertion */
    struct str secret;    /* client_secret_basic */
    struct str assertion; /* private_key_jwt */
    struct str bearer;    /* an access token of its own */
};

struct client_caller {
    struct client_row row;
    struct str scopes; /* what it may do now: all of its own, or those of its token */
};

/* Unknown, disabled, wrong: one end for the caller, the true reason for the audit trail.
 * Ends: ERR_UNAUTHENTICATED (WHY_CLIENT_REFUSED), ERR_LIMITED (too many failures of this network), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_client_recognise(struct services *at, const struct visit *v, const struct client_proof *proof,
                               struct client_caller *out);

struct client_token {
    struct str access_token, token_type;
    int64_t expires_in; /* seconds */
    struct str scope;
};

/* scope, resource: absent when not asked for.  Without scope all that the client has.
 * Ends: ERR_INVALID (WHY_SCOPE_INVALID, WHY_TARGET_INVALID), ERR_LIMITED. */
FALLIBLE flow_client_token(struct services *at, const struct visit *v, const struct client_caller *caller,
                           struct str scope, struct str resource, struct client_token *out);

/* What stands behind a token now. */
enum token_kind { TOKEN_NONE, TOKEN_ACCESS, TOKEN_REFRESH, TOKEN_CLIENT };
struct token_state {
    enum token_kind kind; /* TOKEN_NONE: not active, for whatever reason */
    struct jwt_claims claims;
    struct str username; /* of the account: user name, or its e-mail address */
    bool is_limited;     /* can only add a second factor */
};

/* Ends: ERR_INVALID (WHY_CLIENT_MAY_NOT), ERR_BUSY, ERR_INTERNAL; a token that is not active is no failure. */
FALLIBLE flow_introspect(struct services *at, const struct visit *v, const struct client_caller *caller,
                         struct str token, struct token_state *out);
/* End the session behind an access or refresh token; one that is not active is no failure.
 * Ends: ERR_INVALID (WHY_CLIENT_MAY_NOT, WHY_TOKEN_KIND), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_revoke(struct services *at, const struct visit *v, const struct client_caller *caller, struct str token);

/* An operator's.  wish: id, name, keys and scopes; secret: shown once, absent when there are keys.
 * Ends: ERR_CONFLICT (WHY_CLIENT_TAKEN), ERR_INVALID (the note says what). */
FALLIBLE flow_client_make(struct services *at, const struct visit *v, struct client_row *wish, struct str *secret);
/* A new secret; the one before is taken for grace_s seconds more.  Ends: ERR_MISSING (WHY_CLIENT_MISSING). */
FALLIBLE flow_client_rotate(struct services *at, const struct visit *v, struct str id, int64_t grace_s,
                            struct str *secret);
FALLIBLE flow_client_disable(struct services *at, const struct visit *v, struct str id);
