/* Refresh tokens: 32 random bytes in base64url; only their digest is kept.
 *
 * Threads  any.
 * Source   RFC 6749 10.4 (unguessable), RFC 9700 2.2.2 (rotation).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "crypto/digest.h"

#define REFRESH_TEXT_LEN 43 /* bytes of the text form */

struct str refresh_make(struct arena *mem, struct digest *digest);
/* Ends: ERR_UNAUTHENTICATED (WHY_REFRESH_INVALID: not of our form). */
FALLIBLE refresh_read(struct str text, struct digest *digest);
