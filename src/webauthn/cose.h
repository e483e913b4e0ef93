/* Public keys of credentials (COSE_Key), to check signatures with.
 *
 * Taken    ES256 on P-256, ES384 on P-384, ES512 on P-521, EdDSA with Ed25519, all four also under their fully specified
 *          names; Ed448; RSA of 2048 to 4096 bits with SHA-2, and with SHA-1.  Known is not wanted: a registration takes what
 *          its options offer, and the service offers few of these.  A key has the parameters that its kind requires and no
 *          other; points are not compressed.
 * Owns     struct cose_key's inside, dropped by cose_key_drop.
 * Sources  RFC 9052 7 (COSE_Key), RFC 9053 7.1 (EC2, OKP), RFC 8230 4 (RSA), RFC 9864 2 (names that also say the curve),
 *          WebAuthn Level 3 5.8.5 (which curve goes with which algorithm), 6.5.1 ("MUST contain the "alg" parameter and MUST NOT contain any other OPTIONAL parameters").
 */
#pragma once
#include "base/err.h"
#include "crypto/foreign_key.h"

/* COSEAlgorithmIdentifier: IANA "COSE Algorithms". */
#define COSE_ES256   (-7)
#define COSE_EDDSA   (-8)
#define COSE_ESP256  (-9)
#define COSE_ED25519 (-19)
#define COSE_ES384   (-35)
#define COSE_ES512   (-36)
#define COSE_PS256   (-37)
#define COSE_PS384   (-38)
#define COSE_PS512   (-39)
#define COSE_ESP384  (-51)
#define COSE_ESP512  (-52)
#define COSE_ED448   (-53)
#define COSE_RS256   (-257)
#define COSE_RS384   (-258)
#define COSE_RS512   (-259)
#define COSE_RS1     (-65535) /* with SHA-1 */

#define COSE_KEY_MAX 560 /* bytes: RSA of 4096 bits, and a few */

struct cose_key {
    int64_t algorithm;       /* one of the above */
    struct str x, y, n, e;   /* what its kind has, as it came; borrowed */
    struct foreign_key *key; /* owned */
};

/* false: none of ours. */
bool cose_algorithm(int64_t identifier, enum foreign_algorithm *out);
/* The "alg" parameter alone, of any COSE_Key.  Ends: ERR_INVALID. */
FALLIBLE cose_read_algorithm(struct str bytes, int64_t *out);

/* Ends: ERR_INVALID (no strict CBOR, another kind, an algorithm that does not go with it, numbers that make no key). */
FALLIBLE cose_key_read(struct str bytes, struct cose_key *out);
void cose_key_drop(struct cose_key *key); /* a zeroed one is fine */

/* Ends: ERR_DENIED (does not match), ERR_INTERNAL. */
FALLIBLE cose_key_check(const struct cose_key *key, struct str message, struct str signature);
