/* DPoP at the faces: the header of a request becomes the binding of its tokens.
 *
 * Threads  any worker.
 * Source   RFC 9449 4.1, 5, 8.2.
 */
#pragma once
#include "flow/dpop.h"
#include "flow/signin.h"
#include "http/call.h"

/* What the request shows: its DPoP header, and the path that it is for. */
struct dpop_shown proof_shown(const struct call *c);

/* What the tokens of this request are to be bound to besides (out->jkt, out->proof); for every route that hands tokens out.
 * Ends: ERR_INVALID (WHY_DPOP_MISSING, WHY_DPOP_SIGNIN, WHY_NONCE_SIGNIN), ERR_INTERNAL. */
FALLIBLE proof_binding(struct call *c, struct token_binding *out);

/* Where nonces are on: the next one goes with the answer, unless the client has it already. */
void proof_next_nonce(struct call *c, const struct dpop_proof *proof);
/* The nonce that a refusal asks for. */
void proof_give_nonce(struct call *c);
