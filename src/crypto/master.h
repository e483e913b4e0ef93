/* The master key: 32 bytes from outside the database, and the keys that follow from it, one for each purpose.
 *
 * As text  one line: 64 hexadecimal digits, or 43 characters of base64url.  `openssl rand -hex 32` makes one.
 * Owns     nothing: keys are the caller's to drop.
 * Threads  any.
 * Source   RFC 5869 2 (HKDF with SHA-256, no salt, the purpose as info).
 */
#pragma once
#include "base/err.h"
#include "base/secret.h"

#define MASTER_BYTES    32
#define MASTER_TEXT_MAX 128 /* bytes of a file that holds one */

/* Ends: ERR_INVALID (another form; one byte over and over). */
FALLIBLE master_parse(struct str text, struct secret *master);
/* closed: others may neither read nor change the file.
 * Ends: ERR_MISSING, ERR_DENIED (not closed), ERR_INVALID, ERR_INTERNAL.  The note names the file. */
FALLIBLE master_read(const char *path, bool closed, struct secret *master);
/* A new one in a new file of mode 0600.  Ends: ERR_CONFLICT (there is such a file), ERR_INTERNAL. */
FALLIBLE master_make(const char *path);

/* 32 bytes; another purpose gives other ones. */
struct secret master_subkey(const struct secret *master, const char *purpose);
