/* Signatures: keys in and out, sign, check.  The key fixes the algorithm.
 *
 * Owns     struct sign_key and struct check_key, dropped by their _drop.
 * Threads  a key may be used by many threads at once; making and dropping by one.
 * Sources  RFC 7518 3.3 (RS256), 3.4 (ES256: R and S as 32 bytes each, big-endian), 3.5 (PS256: the salt as long as the
 *          hash, MGF1 with the same hash), RFC 8037 3.1 (EdDSA with Ed25519).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "crypto/digest.h"

/* In the order of the setting POSTERN_TOKEN_ALG. */
enum algorithm { ALGORITHM_ES256, ALGORITHM_EDDSA, ALGORITHM_RS256, ALGORITHM_PS256 };

const char *algorithm_name(enum algorithm algorithm);      /* as in "alg" of RFC 7518 3.1 */
bool algorithm_find(struct str name, enum algorithm *out); /* false: none of ours */

#define ES256_BYTES   64
#define ED25519_BYTES 64
#define RSA_LEAST     2048 /* bits.  RFC 7518 3.3: "A key of size 2048 bits or larger MUST be used" */
#define RSA_MOST      4096 /* bits; a longer one would make the service work for whoever sent it */
#define RSA_MADE      3072 /* bits of a key that we make */
#define SIGNATURE_MAX (RSA_MOST / 8)

struct signature {
    uint8_t is[SIGNATURE_MAX]; /* ES256: R || S */
    size_t len;
};

struct ec_point {
    uint8_t x[32], y[32];
};

#define RSA_EXPONENT_MAX 4 /* bytes; the usual 65537 has three */

/* What everybody may know of a key. */
struct public_key {
    enum algorithm algorithm;
    union {
        struct ec_point point; /* ES256 */
        uint8_t ed25519[32];   /* EdDSA */
        struct {
            uint8_t n[RSA_MOST / 8], e[RSA_EXPONENT_MAX]; /* big-endian, no zero before */
            size_t n_len, e_len;
        } rsa; /* RS256, PS256 */
    };
};

struct sign_key;
struct check_key;

/* RSA takes a moment: half a second on a small machine. */
FALLIBLE sign_key_make(enum algorithm algorithm, struct sign_key **out);
/* PKCS#8: DER, or PEM as the openssl tool writes it.  Ends: ERR_INVALID (no private key for this algorithm). */
FALLIBLE sign_key_read(enum algorithm algorithm, struct str der, struct sign_key **out);
FALLIBLE sign_key_read_pem(enum algorithm algorithm, struct str pem, struct sign_key **out);
/* PKCS#8 in DER.  The bytes are a secret: the caller drops them. */
struct secret;
FALLIBLE sign_key_write(const struct sign_key *key, struct secret *der);
void sign_key_drop(struct sign_key **key);
const struct public_key *sign_key_public(const struct sign_key *key);

/* Ends: ERR_INVALID (not on the curve; RSA of another size than RSA_LEAST to RSA_MOST bits, or with an even exponent). */
FALLIBLE check_key_make(const struct public_key *from, struct check_key **out);
FALLIBLE check_key_from_point(const struct ec_point *point, struct check_key **out); /* ES256 */
void check_key_drop(struct check_key **key);
enum algorithm check_key_algorithm(const struct check_key *key);

size_t signature_length(const struct sign_key *key); /* bytes of each that it makes */
FALLIBLE signature_sign(const struct sign_key *key, struct str message, struct signature *out);
/* Ends: ERR_INVALID (not as long as those of this key), ERR_DENIED (does not match: R or S out of range included),
 * ERR_INTERNAL. */
FALLIBLE signature_check(const struct check_key *key, struct str message, const struct signature *signature);

/* The form that others use (WebAuthn, X.509) for ES256.  Only the one DER encoding of two numbers in [1, n-1] is taken.
 * Ends: ERR_INVALID. */
FALLIBLE signature_from_der(struct str der, struct signature *out);
