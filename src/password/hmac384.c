#include "password/hmac384.h"
#include "base/err.h"
#include "base/secret.h"

#include <sodium.h>
#include <string.h>

#define BLOCK_BYTES 128

/* libsodium has SHA-512 only, with an open state. */
static const uint64_t sha384_start[8] = {
    0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
    0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
};

static void sha384_two(const uint8_t block[static BLOCK_BYTES], struct str rest, uint8_t out[static HMAC384_BYTES])
{
    crypto_hash_sha512_state state;
    uint8_t whole[crypto_hash_sha512_BYTES];
    crypto_hash_sha512_init(&state);
    memcpy(state.state, sha384_start, sizeof sha384_start);
    crypto_hash_sha512_update(&state, block, BLOCK_BYTES);
    crypto_hash_sha512_update(&state, (const uint8_t *)rest.ptr, rest.len);
    crypto_hash_sha512_final(&state, whole);
    memcpy(out, whole, HMAC384_BYTES);
    wipe(whole, sizeof whole);
    wipe(&state, sizeof state);
}

static void pad(struct str key, uint8_t with, uint8_t out[static BLOCK_BYTES])
{
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        out[i] = with ^ (i < key.len ? (uint8_t)key.ptr[i] : 0);
}

/* RFC 2104 2: H(K XOR opad, H(K XOR ipad, text)). */
void hmac384(struct str key, struct str message, uint8_t out[static HMAC384_BYTES])
{
    uint8_t block[BLOCK_BYTES], inner[HMAC384_BYTES];
    if (key.len > BLOCK_BYTES)
        die("an HMAC key of %zu bytes", key.len);
    pad(key, 0x36, block);
    sha384_two(block, message, inner);
    pad(key, 0x5c, block);
    sha384_two(block, (struct str){ (const char *)inner, sizeof inner }, out);
    wipe(block, sizeof block);
    wipe(inner, sizeof inner);
}
