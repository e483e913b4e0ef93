/* Public keys that others chose, to check signatures with and nothing else: those of authenticators and of certificates.
 *
 * Wider than signature.h on purpose: what we sign with stays a short list, what we have to check is not ours to choose.
 *
 * Owns     struct foreign_key, dropped by foreign_key_drop.
 * Units    numbers are big-endian; signatures of EC keys are DER, as X.509 and WebAuthn have them.
 * Threads  a key may be used by many threads at once; making and dropping by one.
 * Sources  RFC 9053 2.1 (ECDSA), 2.2 (EdDSA), RFC 8230 2 (PS256 and its kin: the salt is as long as the hash, which is also
 *          that of MGF1), RFC 8812 2 (RS256; RS1 "SHOULD NOT be used", but TPMs do: WebAuthn Level 3 8.3),
 *          WebAuthn Level 3 6.5.5 (signatures in DER), SEC 1 2.3.4 (points), RFC 8032 5.2 (Ed448).
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum foreign_algorithm {
    FOREIGN_ES256,
    FOREIGN_ES384,
    FOREIGN_ES512,
    FOREIGN_EDDSA, /* with Ed25519 */
    FOREIGN_ED448,
    FOREIGN_RS256,
    FOREIGN_RS384,
    FOREIGN_RS512,
    FOREIGN_PS256,
    FOREIGN_PS384,
    FOREIGN_PS512,
    FOREIGN_RS1
};
enum foreign_curve { FOREIGN_P256, FOREIGN_P384, FOREIGN_P521 };

#define FOREIGN_SIGNATURE_MAX 512 /* bytes: RSA of 4096 bits */

struct foreign_key;

/* x and y as long as the field: 32, 48 or 66 bytes.  Ends: ERR_INVALID (another length, not on the curve). */
FALLIBLE foreign_key_from_point(enum foreign_curve curve, struct str x, struct str y, struct foreign_key **out);
/* Ends: ERR_INVALID (another length, no point, one of small order). */
FALLIBLE foreign_key_from_ed25519(struct str x, struct foreign_key **out);
/* Ends: ERR_INVALID (another length, one of small order, a coordinate that is not reduced). */
FALLIBLE foreign_key_from_ed448(struct str x, struct foreign_key **out);
/* Ends: ERR_INVALID (not 2048 to 4096 bits, a zero in front, an exponent that is even, 1 or over 4 bytes). */
FALLIBLE foreign_key_from_rsa(struct str n, struct str e, struct foreign_key **out);
void foreign_key_drop(struct foreign_key **key);

bool foreign_key_equal(const struct foreign_key *a, const struct foreign_key *b);
bool foreign_key_is_on(const struct foreign_key *key, enum foreign_curve curve);

/* ES256, ES384 and ES512 name the hash alone (RFC 9053 2.1): which curve goes with them is for the caller to have checked.
 * Ends: ERR_INVALID (a key of another kind), ERR_DENIED (does not match), ERR_INTERNAL. */
FALLIBLE foreign_key_check(const struct foreign_key *key, enum foreign_algorithm algorithm, struct str message,
                           struct str signature);

/* Hashes that others chose. */
enum foreign_hash { FOREIGN_SHA1, FOREIGN_SHA256, FOREIGN_SHA384, FOREIGN_SHA512 };

#define FOREIGN_HASH_MAX 64

struct foreign_digest {
    uint8_t is[FOREIGN_HASH_MAX];
    size_t len;
};

enum foreign_hash foreign_hash_of(enum foreign_algorithm algorithm); /* that it signs; SHA-512 of EdDSA */
struct foreign_digest foreign_digest_of(enum foreign_hash hash, struct str bytes);
