/* The revocation feed: what was taken back while its tokens may still live, as one signed text.
 *
 * For services that check tokens by our public keys alone.  They hold the set in memory and refuse a token
 *   - whose sid is in `sessions`,
 *   - whose sub is in `users` with a greater tv than its own,
 *   - whose client_id is in `clients`,
 *   - whose iat is before `not_before`.
 * The set is read from the database, so it is the same on every node, and is at most REVOCATIONS_FRESH_MS old.
 *
 * Owns     struct revocations: the text and its tag; shared by all workers of a server.
 * Bounds   REVOCATIONS_MAX entries of each kind.  What would be more is told by not_before: then tokens that are older than the
 *          oldest entry are refused too, and their owners renew them.
 * Threads  any worker with its services.
 * Units    iat, exp, not_before are Unix seconds; version is Unix microseconds of the newest entry.
 * Source   threat model AC17; RFC 9110 8.8.3 (ETag).
 */
#pragma once
#include "base/visit.h"
#include "flow/services.h"

#define REVOCATIONS_MAX      5000
#define REVOCATIONS_FRESH_MS 500
#define REVOCATIONS_TYP      STR("revocations+jwt")

struct revocations *revocations_open(void);
void revocations_drop(struct revocations **r); /* NULL is fine */

struct revocations_now {
    struct str etag; /* of the set: W/"..."; the text is signed anew now and then */
    struct str text; /* a JWS in compact form */
};

/* Both lie in the visit's arena.  text_too: else text is left out.  Ends: ERR_BUSY, ERR_INTERNAL. */
FALLIBLE flow_revocations(struct services *at, const struct visit *v, bool text_too, struct revocations_now *out);
