/* Signatures over the P-256 curve: keys in and out, sign, check.
 *
 * Owns     struct sign_key and struct check_key, dropped by their _drop.
 * Threads  a key may be used by many threads at once; making and dropping by one.
 * Sources  RFC 7518 3.4 (ES256: R and S as 32 bytes each, big-endian), 6.2 (EC keys as JWK); RFC 7638 (thumbprint).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "crypto/digest.h"

#define ES256_BYTES 64

struct signature {
    uint8_t is[ES256_BYTES]; /* R || S */
};

struct ec_point {
    uint8_t x[32], y[32];
};

struct sign_key;
struct check_key;

FALLIBLE sign_key_make(struct sign_key **out);
/* PKCS#8 PEM.  Ends: ERR_INVALID (no P-256 private key). */
FALLIBLE sign_key_read(struct str pem, struct sign_key **out);
/* The text is a secret: the caller drops it. */
struct secret;
FALLIBLE sign_key_write(const struct sign_key *key, struct secret *pem);
void sign_key_drop(struct sign_key **key);
void sign_key_point(const struct sign_key *key, struct ec_point *out);

/* Ends: ERR_INVALID (not on the curve). */
FALLIBLE check_key_from_point(const struct ec_point *point, struct check_key **out);
void check_key_drop(struct check_key **key);

FALLIBLE signature_sign(const struct sign_key *key, struct str message, struct signature *out);
/* Ends: ERR_DENIED (does not match: R or S out of range included), ERR_INTERNAL. */
FALLIBLE signature_check(const struct check_key *key, struct str message, const struct signature *signature);

/* The form that others use (WebAuthn, X.509).  Only the one DER encoding of two numbers in [1, n-1] is taken.
 * Ends: ERR_INVALID. */
FALLIBLE signature_from_der(struct str der, struct signature *out);
