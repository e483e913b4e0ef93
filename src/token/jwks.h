/* Public keys of others, as a JWK Set, and what they signed.
 *
 * Owns     nothing: results lie in the caller's arena.
 * Bounds   JWKS_MAX bytes, JWKS_KEYS_MAX keys.
 * Threads  any; json_setup before.
 * Sources  RFC 7517 4 (members of a key), 5 (sets); RFC 8725 3.1 (the key fixes the algorithm); of each key jwk.h.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define JWKS_MAX      8192 /* bytes */
#define JWKS_KEYS_MAX 8

/* Is it a set that jwks_check can work with: one to JWKS_KEYS_MAX keys of a kind that we check, each with a kid of its own
 * when there are several, and no private part among them?  Ends: ERR_INVALID (the note says what is wrong). */
FALLIBLE jwks_fit(struct arena *mem, struct str jwks);

/* The key that the header's kid names; without a kid the only key there is.  Then the whole check of jws_check.
 * Ends: ERR_INVALID (form), ERR_MISSING (no such key), ERR_DENIED (algorithm, signature), ERR_INTERNAL. */
FALLIBLE jwks_check(struct arena *mem, struct str jwks, struct str token, struct str *payload);
