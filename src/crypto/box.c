#include "crypto/box.h"

#include <openssl/evp.h>
#include <string.h>
#include "crypto/base64url.h"
#include "crypto/random.h"

#define NONCE   12
#define TAG     16
#define BOX_MAX 65536 /* bytes; far more than a key has */

_Static_assert(BOX_MORE == NONCE + TAG, "what stands around the bytes");

static void cipher_drop(EVP_CIPHER_CTX **cipher)
{
    EVP_CIPHER_CTX_free(*cipher);
}

static EVP_CIPHER_CTX *cipher_new(const struct secret *key, const uint8_t *nonce, bool sealing)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();

    if (cipher == NULL || key->len != BOX_KEY_BYTES ||
        EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->ptr, nonce, sealing) != 1)
        die("AES-256-GCM does not work");
    return cipher;
}

static bool feed(EVP_CIPHER_CTX *cipher, struct str beside, const uint8_t *in, size_t len, uint8_t *out)
{
    int done = 0;

    return EVP_CipherUpdate(cipher, NULL, &done, (const uint8_t *)beside.ptr, (int)beside.len) == 1 &&
           EVP_CipherUpdate(cipher, out, &done, in, (int)len) == 1 && done == (int)len;
}

FALLIBLE box_seal(struct arena *mem, const struct secret *key, struct str beside, struct str plain, struct str *out)
{
    uint8_t *bytes = arena_take(mem, BOX_MORE + plain.len);
    int done = 0;

    if (plain.len == 0 || plain.len > BOX_MAX || beside.len > BOX_MAX)
        return fail(ERR_INVALID, "a box of %zu bytes", plain.len);
    random_bytes(bytes, NONCE);
    AUTO(cipher) EVP_CIPHER_CTX *cipher = cipher_new(key, bytes, true);
    if (!feed(cipher, beside, (const uint8_t *)plain.ptr, plain.len, bytes + NONCE) ||
        EVP_CipherFinal_ex(cipher, bytes + NONCE + plain.len, &done) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG, bytes + NONCE + plain.len) != 1)
        return fail(ERR_INTERNAL, "seal a box");
    *out = base64url_encode(mem, (struct str){ (const char *)bytes, BOX_MORE + plain.len });
    return OK;
}

static FALLIBLE open_bytes(const struct secret *key, struct str beside, struct str bytes, struct secret *plain)
{
    const uint8_t *at = (const uint8_t *)bytes.ptr;
    size_t len = bytes.len - BOX_MORE;
    uint8_t tag[TAG];
    int done = 0;

    memcpy(tag, at + NONCE + len, TAG);
    AUTO(cipher) EVP_CIPHER_CTX *cipher = cipher_new(key, at, false);
    if (!feed(cipher, beside, at + NONCE, len, plain->ptr) ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG, tag) != 1 ||
        EVP_CipherFinal_ex(cipher, plain->ptr + len, &done) != 1)
        return fail(ERR_DENIED, "the seal does not match");
    return OK;
}

FALLIBLE box_open(const struct secret *key, struct str beside, struct str box, struct secret *plain)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str bytes;

    if (box.len > 2 * BOX_MAX || base64url_decode(mem, box, &bytes) != OK || bytes.len <= BOX_MORE)
        return fail(ERR_INVALID, "no sealed box");
    AUTO(secret) struct secret got = secret_new(bytes.len - BOX_MORE);
    TRY(open_bytes(key, beside, bytes, &got));
    *plain = got;
    got = (struct secret){ 0 };
    return OK;
}

FALLIBLE box_reseal(struct arena *mem, const struct secret *from, const struct secret *to, struct str beside,
                    struct str box, struct str *out)
{
    AUTO(secret) struct secret plain = { 0 };

    TRY(box_open(from, beside, box, &plain));
    return box_seal(mem, to, beside, secret_view(&plain), out);
}
