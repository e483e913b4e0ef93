/* Signed-in devices: open, renew, end.
 *
 * Owns     nothing; rows lie in the visit's arena.
 * Units    ttl_s is seconds; moments are microseconds.
 * Threads  any, with a transaction of one's own.
 * Source   NIST SP 800-63B-4 5.1 (session secrets), RFC 9700 2.2.2 (refresh token rotation).
 */
#pragma once
#include "base/visit.h"
#include "store/sessions.h"

/* A new session of a user who has just signed in with the factors of amr (comma-separated, RFC 8176 words).
 * refresh: digest of the refresh token that the caller will show. */
struct session_start {
    int64_t user_id;
    struct str amr, acr;
    int64_t ttl_s;
    const struct digest *refresh;
};
FALLIBLE session_open(struct tx *tx, const struct visit *v, const struct session_start *start, struct session_row *out);

/* Rotate: the digest of *row dies, the new one lives to the session's own end.  row is brought up to date.
 * Ends: ERR_UNAUTHENTICATED (WHY_REFRESH_INVALID: spent meanwhile, or ended). */
FALLIBLE session_renew(struct tx *tx, const struct visit *v, struct session_row *row, const struct digest *refresh);

/* End one, or every session of an account.  Ending an ended one is no failure. */
FALLIBLE session_end(struct tx *tx, const struct visit *v, struct str id, struct str reason);
FALLIBLE session_end_all(struct tx *tx, const struct visit *v, int64_t user_id, struct str reason);

bool session_usable(const struct session_row *row, int64_t now_us);
