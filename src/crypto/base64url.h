/* base64url without padding, canonical only.
 *
 * Threads  any.
 * Source   RFC 4648 5 (alphabet), 3.5 (stray bits are refused); RFC 7515 2 (no padding).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct str base64url_encode(struct arena *mem, struct str bytes);
/* Ends: ERR_INVALID (padding, blanks, foreign characters, stray bits, a length that no bytes have). */
FALLIBLE base64url_decode(struct arena *mem, struct str text, struct str *bytes);
