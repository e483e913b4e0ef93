/* Random bytes and time-ordered ids.  Source: the kernel's generator, through libsodium.
 *
 * Threads  any; crypto_setup once, before threads.
 * Source   RFC 9562 5.7 (UUID version 7), 6.2 (method 3), 4 (text form).
 */
#pragma once
#include "base/str.h"

#define UUID_TEXT_MAX 37 /* 36 characters and a NUL */

/* Ends the process when the library can't be made ready. */
void crypto_setup(void);

/* Of the libraries, as they are loaded. */
const char *crypto_openssl_version(void);
const char *crypto_sodium_version(void);

void random_bytes(void *out, size_t len);
/* A fresh UUIDv7 in lower-case text.  Ids sort by now_us to a quarter of a microsecond; 62 bits behind it are random.
 */
void uuid7(int64_t now_us, char out[static UUID_TEXT_MAX]);
/* True for the 36 lower-case characters of any version's text form. */
bool uuid_ok(struct str s);
