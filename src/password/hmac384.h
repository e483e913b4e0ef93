/* HMAC-SHA-384, for passwords that bcrypt can't take whole.
 *
 * Owns     nothing; what it held on the stack is wiped.
 * Threads  any.
 * Sources  FIPS 180-4 5.3.4 and 6.5 (SHA-384 is SHA-512 from another start, cut to 48 bytes); RFC 2104 2; RFC 4231
 * (test cases).
 */
#pragma once
#include "base/str.h"

#define HMAC384_BYTES 48

/* key: at most 128 bytes, the block of the hash. */
void hmac384(struct str key, struct str message, uint8_t out[static HMAC384_BYTES]);
