#include "crypto/base64url.h"

#include <limits.h>
#include <openssl/evp.h>

/* RFC 4648 5: "-" and "_" in the place of "+" and "/"; 3.2: without padding, since the length is known.  What is encoded here is
 * shown to somebody as it is, so the time may tell of it. */
struct str base64url_encode(struct arena *mem, struct str bytes)
{
    const size_t len = bytes.len / 3 * 4 + (bytes.len % 3 * 4 + 2) / 3;
    char *text = arena_take(mem, len + 4); /* its padding and a NUL */
    if (bytes.len > INT_MAX / 2)
        die("%zu bytes for base64url", bytes.len);
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes.ptr, (int)bytes.len);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    text[len] = '\0';
    return (struct str){ text, len };
}

/* `value` when c lies in [low, high], else 0. */
static uint8_t when(uint8_t c, uint8_t low, uint8_t high, uint8_t value)
{
    const uint8_t all = (uint8_t)(0 - ((uint8_t)(c - low) <= (uint8_t)(high - low)));
    return all & value;
}

/* One more than the six bits of a character, or 0.  No branch and no table, so that the time says nothing about a
 * token, and bytes only, so that the compiler takes sixteen at once. (libsodium 1.0.18 takes some bytes from 0x80
 * upwards for letters.) */
static uint8_t bits_of(uint8_t c)
{
    return when(c, 'A', 'Z', (uint8_t)(c - 'A' + 1)) | when(c, 'a', 'z', (uint8_t)(c - 'a' + 27)) |
           when(c, '0', '9', (uint8_t)(c - '0' + 53)) | when(c, '-', '-', 63) | when(c, '_', '_', 64);
}

/* Characters to bits, where they stand; false when one is foreign. */
static bool to_bits(uint8_t *restrict at, const char *restrict text, size_t len)
{
    uint8_t foreign = 0;
    for (size_t i = 0; i < len; i++) {
        const uint8_t bits = bits_of((uint8_t)text[i]);
        foreign |= bits == 0;
        at[i] = (uint8_t)(bits - 1);
    }
    return foreign == 0;
}

/* Four times six bits to three bytes, towards the front. */
static void pack(uint8_t *at, size_t fours)
{
    for (size_t i = 0; i < fours; i++) {
        const uint8_t *in = at + 4 * i;
        const unsigned all = (unsigned)in[0] << 18 | (unsigned)in[1] << 12 | (unsigned)in[2] << 6 | in[3];
        at[3 * i] = (uint8_t)(all >> 16);
        at[3 * i + 1] = (uint8_t)(all >> 8);
        at[3 * i + 2] = (uint8_t)all;
    }
}

FALLIBLE base64url_decode(struct arena *mem, struct str text, struct str *bytes)
{
    const size_t len = text.len / 4 * 3 + text.len % 4 * 3 / 4;
    uint8_t *out = arena_take(mem, text.len + 4); /* zeroed: the bits of characters that are not there */

    /* RFC 4648 3.5: the bits that belong to no byte are zero.  A character alone has no byte at all. */
    if (text.len % 4 == 1 || !to_bits(out, text.ptr, text.len))
        return fail(ERR_INVALID, "no base64url");
    pack(out, text.len / 4 + 1);
    if (out[len] != 0)
        return fail(ERR_INVALID, "base64url with stray bits");
    *bytes = (struct str){ (const char *)out, len };
    return OK;
}
