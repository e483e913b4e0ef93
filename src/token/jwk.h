/* Public keys as JSON (JWK).
 *
 * Owns     nothing: text lies in the caller's arena.
 * Threads  any.
 * Sources  RFC 7517 4 (members), RFC 7518 6.2.1 (EC), 6.3.1 (RSA), RFC 8037 2 (OKP), RFC 7638 3 (the thumbprint).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "crypto/signature.h"

#define JWK_MAX 768 /* bytes that jwk_write writes at most: RSA of 4096 bits */
#define KID_LEN 43  /* a thumbprint: base64url of 32 bytes */

/* The members that make the thumbprint, in their order, without blanks. */
struct str jwk_write(struct arena *mem, const struct public_key *key);
/* The kid of a key. */
struct str jwk_thumbprint(struct arena *mem, const struct public_key *key);

/* algorithm: what the key is wanted for; what the text says itself (alg, use, key_ops) must not speak against it.  Members
 * that are not known are passed over, those of private keys are not.
 * Ends: ERR_INVALID (no strict JSON, another kind of key, a private one, a part of another size).  Whether the numbers make
 * a key is for check_key_make to say. */
FALLIBLE jwk_read(struct arena *mem, struct str text, enum algorithm algorithm, struct public_key *out);
