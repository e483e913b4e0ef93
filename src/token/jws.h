/* Signed texts in compact form (JWS): three parts in base64url, signed with an algorithm of ours.
 *
 * Owns     nothing: parts are views of the text that came; what is decoded lies in the caller's arena.
 * Threads  any.
 * Sources  RFC 7515 3.1 (compact form), 4 (header), 5.2 (order of checks); RFC 7797 (b64);
 *          RFC 8725 3.1 (the caller fixes the algorithm), 3.10 (no key and no address of a key is taken from a header).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "crypto/signature.h"
#include "token/members.h"

#define JWS_HEADER_MAX 256 /* bytes of the decoded header; longer is ERR_INVALID */

struct jws {
    struct str header, payload, signature; /* base64url, as they came */
    struct str signed_text;                /* the first two with their dot */
};

struct jws_header {
    struct str alg;      /* always there */
    struct str typ, kid; /* absent when they are not given */
};

/* Ends: ERR_INVALID (not exactly three parts). */
FALLIBLE jws_split(struct str token, struct jws *out);
/* The members of the header as they stand.  Those that name a key elsewhere, change how the text is read, or must be understood are
 * never taken: jku, x5u, x5c, x5t, x5t#S256, crit, b64, zip, enc.
 * Ends: ERR_INVALID (longer than max_bytes when decoded, no strict JSON object, repeated names, one of these members). */
FALLIBLE jws_read_members(struct arena *mem, const struct jws *jws, size_t max_bytes, struct members *out);
/* Other members are passed over as the standard wants, but for those that bring or name a key, change how the text is
 * read, or must be understood: jwk, jku, x5u, x5c, x5t, x5t#S256, crit, b64, zip, enc.
 * Ends: ERR_INVALID (no strict JSON object, repeated names, one of these members, a wrong type, no alg). */
FALLIBLE jws_read_header(struct arena *mem, const struct jws *jws, struct jws_header *out);
/* Ends: ERR_INVALID (no base64url, empty, over SIGNATURE_MAX bytes).  Each key knows the length of its own. */
FALLIBLE jws_read_signature(struct arena *mem, const struct jws *jws, struct signature *out);

/* The whole check by one key: form, header, the key's own algorithm, signature; only then is the payload decoded.
 * Ends: ERR_INVALID (form, header), ERR_DENIED (algorithm, signature), ERR_INTERNAL. */
FALLIBLE jws_check(struct arena *mem, struct str token, const struct check_key *key, struct str *payload);
