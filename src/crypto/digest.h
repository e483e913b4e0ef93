/* SHA-256 digests with their length in their type, and the keyed short hash for tables.
 *
 * Threads  any.
 * Sources  FIPS 180-4 (SHA-256); SipHash-2-4.
 */
#pragma once
#include "base/str.h"

struct digest {
    uint8_t is[32];
};

struct digest digest_of(struct str bytes);
bool digest_equal(const struct digest *a, const struct digest *b); /* constant time */

struct short_key {
    uint8_t is[16];
};
uint64_t short_hash(const struct short_key *key, struct str bytes); /* keyed, for tables in memory only */
/* The same with 128 bits: who does not know the key finds no second text with the digest of another. */
struct short_digest {
    uint8_t is[16];
};
struct short_digest short_digest_of(const struct short_key *key, struct str bytes);
