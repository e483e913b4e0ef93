#include "crypto/digest.h"

#include <sodium.h>
#include <string.h>

struct digest digest_of(struct str bytes)
{
    struct digest digest;
    crypto_hash_sha256(digest.is, (const uint8_t *)bytes.ptr, bytes.len);
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

struct short_digest short_digest_of(const struct short_key *key, struct str bytes)
{
    struct short_digest digest;

    _Static_assert(sizeof digest.is == crypto_shorthash_siphashx24_BYTES, "SipHash-2-4 of 128 bits");
    crypto_shorthash_siphashx24(digest.is, (const uint8_t *)bytes.ptr, bytes.len, key->is);
    return digest;
}
