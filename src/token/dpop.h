/* DPoP proofs: is who sends this request the holder of a key?
 *
 * Owns     nothing; results lie in the visit's arena.
 * Units    seconds, but for moments (_us).
 * Threads  any worker may call.
 * Ends     every check that fails is ERR_INVALID, but for a nonce that is due (ERR_EXPIRED); the note's text says which one, for the
 *          audit: dpop_repeated, dpop_malformed, dpop_typ, dpop_alg, dpop_jwk, dpop_signature, dpop_claims, dpop_htm, dpop_htu,
 *          dpop_iat, dpop_ath, dpop_nonce.  Whether the proof was seen before: replay.h.
 * Sources  RFC 9449 4.2, 4.3, 8, 11.1; RFC 8725 3.1, 3.11; of keys and thumbprints: jwk.h.
 */
#pragma once
#include "base/err.h"
#include "base/visit.h"
#include "crypto/digest.h"
#include "crypto/mac.h"

#define DPOP_MAX           4096 /* bytes of a proof */
#define DPOP_HEADER_MAX    1024 /* bytes of its decoded header, which holds the key */
#define DPOP_JTI_MAX       64   /* bytes */
#define DPOP_WINDOW_S      60   /* how far iat may lie from our clock, on either side */
#define DPOP_WINDOW_WIDE_S 600  /* the same when a nonce of ours tells the time */

/* What the request is, and what is asked of its proof. */
struct dpop_expect {
    struct str method;       /* as it came */
    struct strs places;      /* addresses that clients reach us under: "https://auth.example/base" */
    struct str path;         /* as it came, without the query; follows a place */
    struct str access_token; /* that came with it; absent: none */
    const struct mac_key *nonce_key;
    bool nonce_due;
    int64_t since_s; /* what was spent before is not known: older proofs need a nonce; 0: all is known */
};

struct dpop_proof {
    struct str jkt;        /* thumbprint of its key: 43 characters */
    struct digest id;      /* of jkt and jti: what may come once */
    int64_t good_until_us; /* from then on it is refused for its age */
    bool nonce_fresh;      /* it has the nonce that would be given now */
};

FALLIBLE dpop_check(const struct visit *v, struct str proof, const struct dpop_expect *expect, struct dpop_proof *out);

/* "ES256 EdDSA Ed25519": for challenges. */
struct str dpop_algs(void);
