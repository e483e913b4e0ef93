/* Nonces for DPoP proofs: what a client can't have known before, so that no proof was made long ago for today.
 *
 * A nonce is a MAC over the number of a span of time.  Every node with the same key gives and takes the same ones, and none is
 * stored; each is good in its own span and in the next.  It may be used for many proofs: each has a jti of its own.
 *
 * Owns     nothing.
 * Units    seconds.
 * Threads  any: the functions are pure.
 * Sources  RFC 9449 8 ("Nonce values MUST be unpredictable"; "servers need to keep a window of recent nonces"), 8.1, 11.1.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "crypto/mac.h"

#define DPOP_NONCE_SPAN_S 120

/* The one to give now; lies in mem. */
struct str dpop_nonce_now(struct arena *mem, const struct mac_key *key, int64_t now_s);

/* Is it good now?  until_s: from then on it is not.  fresh: the one that would be given now.  A node whose clock is a little ahead
 * has given the next one already: that is good too. */
bool dpop_nonce_good(const struct mac_key *key, struct str nonce, int64_t now_s, int64_t *until_s, bool *fresh);
