/* Refresh tokens: which session, which number, and a MAC that nobody can guess.
 *
 *     offset  bytes
 *          0     16  id of the session, a UUID
 *         16      4  number of the token in its session, big-endian; the first is 0
 *         20     32  HMAC-SHA-256 over "postern refresh 1", the session's seed, and the 20 bytes before
 *
 * in base64url.  Every token of a session can be told from a forged one for as long as the session's row stands, however long ago it was
 * spent; nothing is stored for each of them.  To make one takes the key (outside the database) and the seed (inside).
 *
 * Owns     nothing.
 * Threads  any.
 * Source   RFC 6749 10.4 (unguessable: 256 bits), RFC 9700 2.2.2, 4.14.2 (rotation).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "crypto/mac.h"
#include "crypto/random.h"

#define REFRESH_TEXT_LEN   70 /* bytes of the text form */
#define REFRESH_NUMBER_MAX INT64_C(0xffffffff)

struct refresh_token {
    char session[UUID_TEXT_MAX];
    int64_t number;
    struct digest mac;
};

/* session: a UUID in text; number: 0 to REFRESH_NUMBER_MAX.  Anything else ends the process. */
struct str refresh_make(const struct mac_key *key, const struct digest *seed, struct str session, int64_t number,
                        struct arena *mem);

/* Take the text apart; whether it is genuine is not known yet.  Ends: ERR_UNAUTHENTICATED (WHY_REFRESH_INVALID). */
FALLIBLE refresh_read(struct str text, struct refresh_token *out);
/* Did we make it, for the session with this seed?  Ends: ERR_UNAUTHENTICATED (WHY_REFRESH_INVALID). */
FALLIBLE refresh_check(const struct mac_key *key, const struct digest *seed, const struct refresh_token *token);
