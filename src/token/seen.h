/* Signatures that were checked already: a service shows one token many times, and checking it costs more than all else.
 *
 * Owns     struct seen: a table of fixed size; what was seen long ago gives way.
 * Holds    only digests, keyed for this process, of nothing but good signatures by our own keys.  It answers for the signature alone: type, issuer,
 *          audience, times, session and account are looked at each time.
 * Threads  any.
 */
#pragma once
#include <stdbool.h>
#include "crypto/digest.h"

#define SEEN_SLOTS 8192 /* of 32 bytes; pages that nobody touched cost nothing */

struct seen;

struct seen *seen_open(void);
void seen_drop(struct seen **seen); /* NULL is fine */
/* Of a message, and of the key's name with the signature. */
struct digest seen_digest(const struct seen *seen, struct str message, struct str proof);
bool seen_has(struct seen *seen, const struct digest *digest);
void seen_add(struct seen *seen, const struct digest *digest);
