/* A small secret sealed for a row of the database: AES-256-GCM, bound to what stands beside it.
 *
 *     base64url( nonce, 12 random bytes | as many bytes as were sealed | tag, 16 bytes )
 *
 * Random nonces are safe for 2^32 seals with one key (NIST SP 800-38D 8.3); we make a few a year.
 *
 * Threads  any.
 * Sources  NIST SP 800-38D 5.2, 8.2.2 (a nonce by chance).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

#define BOX_KEY_BYTES 32
#define BOX_MORE      28 /* bytes that it grows by, before base64url */

/* beside: what the box is bound to, such as the name of its row.  In mem. */
FALLIBLE box_seal(struct arena *mem, const struct secret *key, struct str beside, struct str plain, struct str *out);
/* Ends: ERR_INVALID (no box), ERR_DENIED (another key, another row, changed). */
FALLIBLE box_open(const struct secret *key, struct str beside, struct str box, struct secret *plain);
/* The same plain text for the same row, under another key.  Ends: as box_open. */
FALLIBLE box_reseal(struct arena *mem, const struct secret *from, const struct secret *to, struct str beside,
                    struct str box, struct str *out);
