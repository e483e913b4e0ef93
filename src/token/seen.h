/* What was read from texts that have passed every check: a service shows one token many times, and to check it anew costs more than
 * all else.
 *
 * Owns     struct seen: a table of fixed size; what was seen long ago gives way.
 * Holds    beside what was read only a digest of the text, keyed for this process: no text can be found in it, and whoever does
 *          not know the key can make no second text that is taken for the first.
 * Bounds   SEEN_SLOTS texts, SEEN_BYTES_MAX bytes of each; with more it is not kept.
 * Threads  any.
 */
#pragma once
#include "base/arena.h"
#include "crypto/digest.h"

#define SEEN_SLOTS     8192
#define SEEN_BYTES_MAX 2048 /* usual are 400 */

struct seen;

struct seen *seen_open(void);
void seen_drop(struct seen **seen); /* NULL is fine */

struct short_digest seen_digest(const struct seen *seen, struct str text);
/* true: what was added for it, copied into mem. */
bool seen_find(struct seen *seen, const struct short_digest *digest, struct arena *mem, struct str *out);
void seen_add(struct seen *seen, const struct short_digest *digest, struct str what);
