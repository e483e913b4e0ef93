/* The stories of proofs that a client holds a key (DPoP): shown at sign-in, at refresh, and with each use of a bound token.
 *
 * Owns     nothing; results lie in the visit's arena.
 * Threads  any worker with its services.
 * Sources  RFC 9449 4.3, 5, 7, 8, 9, 11.1.
 */
#pragma once
#include "access/access.h"
#include "base/visit.h"
#include "flow/services.h"
#include "token/dpop.h"

/* What a request shows. */
struct dpop_shown {
    struct str proof; /* the header; fields of one name joined by commas; absent: none */
    struct str path;  /* of the request, as it came, without the query */
};

/* Is it a proof for this sign-in or refresh?  It is not spent by that.
 * Ends: ERR_INVALID (WHY_DPOP_SIGNIN, WHY_NONCE_SIGNIN; the note's text says why, for the audit), ERR_INTERNAL. */
FALLIBLE flow_dpop_check(struct services *at, const struct visit *v, const struct dpop_shown *shown,
                         struct dpop_proof *out);

/* Spend it, with the session that is opened or renewed by it; only a proof whose bearer has shown all else is kept in mind.
 * Ends: ERR_INVALID (WHY_DPOP_SIGNIN: it was spent before), ERR_BUSY (WHY_PROOFS_FULL), ERR_INTERNAL. */
FALLIBLE flow_dpop_spend(struct services *at, struct tx *tx, const struct dpop_proof *proof);
/* For who has spent it in a transaction that came to nothing: once more, in this one. */
FALLIBLE flow_dpop_spend_again(struct services *at, struct tx *tx, const struct dpop_proof *proof);

/* The access token of this caller came as DPoP: check that it is bound, that the proof is for this request and this token and by that
 * key, and spend it.
 * Ends: ERR_UNAUTHENTICATED (WHY_TOKEN_INVALID: not bound; WHY_DPOP_USE, WHY_NONCE_USE), ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_dpop_use(struct services *at, const struct visit *v, const struct dpop_shown *shown,
                       struct str access_token, const struct caller *caller, struct dpop_proof *out);

/* It came as Bearer.  Ends: ERR_UNAUTHENTICATED (WHY_TOKEN_INVALID: it is bound, or only bound ones are taken). */
FALLIBLE flow_dpop_not_used(struct services *at, const struct caller *caller);

/* The nonce to give now. */
struct str flow_dpop_nonce(struct services *at, const struct visit *v);
