/* Addresses of requests in one normal form, so that two spellings of one address compare as equal.
 *
 * Owns     nothing; results lie in the caller's arena.
 * Threads  any: the functions are pure.
 * Sources  RFC 3986 3 (parts), 5.2.4 (dot segments), 6.2.2, 6.2.3 (normal form); RFC 9449 4.3 (htu).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define HTU_MAX 2048 /* bytes */

/* Scheme and host in lower case, no port that the scheme implies, no dot segments, escapes in capitals and only where they are needed,
 * "/" for no path; query and fragment are left out.
 * Ends: ERR_INVALID (no http or https address with a host; user information; a character that no address has; a broken escape). */
FALLIBLE htu_normal(struct arena *mem, struct str address, struct str *out);
