#include "crypto/digest.h"

#include <sodium.h>
#include <string.h>

struct digest digest_of(struct str bytes)
{
    struct digest digest;
    crypto_hash_sha256(digest.is, (const uint8_t *)bytes.ptr, bytes.len);
    return digest;
}

struct digest digest_keyed(const struct short_key *key, struct str one, struct str other)
{
    struct digest digest;
    _Static_assert(sizeof digest.is == 2 * crypto_shorthash_siphashx24_BYTES, "a half for each");
    crypto_shorthash_siphashx24(digest.is, (const uint8_t *)one.ptr, one.len, key->is);
    crypto_shorthash_siphashx24(digest.is + sizeof digest.is / 2, (const uint8_t *)other.ptr, other.len, key->is);
    return digest;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return sodium_memcmp(a->is, b->is, sizeof a->is) == 0;
}

uint64_t short_hash(const struct short_key *key, struct str bytes)
{
    uint64_t hash;
    uint8_t out[sizeof hash];

    _Static_assert(sizeof out == crypto_shorthash_BYTES && sizeof key->is == crypto_shorthash_KEYBYTES, "SipHash-2-4");
    crypto_shorthash(out, (const uint8_t *)bytes.ptr, bytes.len, key->is);
    memcpy(&hash, out, sizeof hash);
    return hash;
}
