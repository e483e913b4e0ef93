/* Bytes that must not linger: a password, a key.  They own their memory and are wiped when dropped.
 *
 * Owns     its bytes, on the heap, never in an arena; there is no way from here into log or reply.
 * Threads  one thread at a time.
 */
#pragma once
#include "base/str.h"

struct secret {
    uint8_t *ptr; /* NULL when empty or absent; a NUL follows the last byte */
    size_t len;   /* bytes, without that NUL */
};

struct secret secret_copy(struct str bytes);
struct secret secret_new(size_t len);    /* zeroed */
void secret_drop(struct secret *secret); /* NULL and empty are fine */
struct str secret_view(const struct secret *secret);
void wipe(void *bytes, size_t len); /* not optimised away */
