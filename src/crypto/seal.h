/* A sealed file: encrypted and authenticated from its first byte to its last, with a key of its own.
 *
 *     offset  bytes
 *          0      8  "PSTNSEAL"
 *          8      4  version of this form, 1          numbers are big-endian
 *         12      4  bytes of a chunk, 65536
 *         16     24  the label: schema, made_at, epoch
 *         40     16  which key: BLAKE2b of a fixed text under the key; tells nothing about it
 *         56     24  header of the stream
 *         80         chunks, each with 17 bytes more than it had; all but the last are full, and the last is marked so
 *
 * The first 56 bytes are bound to every chunk.  The stream binds the chunks to their order and the last to the end, so
 * what was changed, cut off, left out, put elsewhere or added is found out.
 *
 * Owns     keys: 32 bytes, the caller's to drop.
 * Threads  any; crypto_setup before.
 * Source   libsodium, crypto_secretstream_xchacha20poly1305.
 */
#pragma once
#include "base/err.h"
#include "base/secret.h"

#define SEAL_KEY_BYTES 32
#define SEAL_HEAD      80
#define SEAL_CHUNK     65536
#define SEAL_MORE      17 /* bytes that a chunk grows by */

struct seal_label {
    int64_t schema, made_at, epoch; /* number of the newest migration; microseconds; see store/epoch.h */
};

/* A new key, as one line of text in a new file of mode 0600.  Ends: ERR_CONFLICT (there is such a file), ERR_INTERNAL. */
FALLIBLE seal_key_make(const char *path);
/* Ends: ERR_MISSING, ERR_DENIED (others may read or change it), ERR_INVALID (no key), ERR_INTERNAL. */
FALLIBLE seal_key_read(const char *path, struct secret *key);

/* Both read from where `from` stands to its end, and write where `to` stands.  name: of the sealed file, for the note. */
FALLIBLE seal_write(const struct secret *key, const struct seal_label *label, int from, int to, const char *name);
/* What is written is worth nothing unless this ends in OK: only then all of it has been checked.  to -1: check only.
 * Ends: ERR_INVALID (no sealed file of ours, or of a newer form), ERR_DENIED (sealed with another key; changed; cut off;
 * goes on after its end), ERR_INTERNAL. */
FALLIBLE seal_read(const struct secret *key, int from, int to, const char *name, struct seal_label *label);
