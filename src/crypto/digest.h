/* SHA-256 digests with their length in their type, and the keyed short hash for tables.
 *
 * Threads  any.
 * Sources  FIPS 180-4 (SHA-256); BLAKE2b; SipHash-2-4.
 */
#pragma once
#include "base/str.h"

struct digest {
    uint8_t is[32];
};

struct digest digest_of(struct str bytes);
/* BLAKE2b of several texts in a row, for tables in memory; the caller sees to it that no two rows of texts are one. */
struct digest digest_of_parts(const struct str *parts, size_t count);
bool digest_equal(const struct digest *a, const struct digest *b); /* constant time */

struct short_key {
    uint8_t is[16];
};
uint64_t short_hash(const struct short_key *key, struct str bytes); /* keyed, for tables in memory only */
