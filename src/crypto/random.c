#include "crypto/random.h"
#include "base/err.h"

#include <openssl/crypto.h>
#include <sodium.h>
#include <string.h>

void crypto_setup(void)
{
    if (sodium_init() < 0)
        die("libsodium can't be made ready");
    /* Without openssl.cnf: what signs here is decided in this program, not by a file or a variable of the machine that
     * may name other providers; and reading it costs a third of a millisecond of every start. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        die("libcrypto can't be made ready");
}

const char *crypto_openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

const char *crypto_sodium_version(void)
{
    return sodium_version_string();
}

void random_bytes(void *out, size_t len)
{
    randombytes_buf(out, len);
}

#define POOL 32 /* ids */

/* A thread draws for several ids at once: a call of the kernel for each costs more than all the rest of an id. */
static uint64_t pooled(void)
{
    static _Thread_local uint64_t pool[POOL];
    static _Thread_local size_t left;
    if (left == 0) {
        random_bytes(pool, sizeof pool);
        left = POOL;
    }
    return pool[--left];
}

/* RFC 9562 4: "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" */
static bool is_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

static void uuid_text(const uint8_t bytes[static 16], char out[static UUID_TEXT_MAX])
{
    static const char hex[] = "0123456789abcdef";
    size_t half = 0;

    for (size_t i = 0; i < UUID_TEXT_MAX - 1; i++) {
        if (is_dash(i)) {
            out[i] = '-';
            continue;
        }
        out[i] = hex[half % 2 == 0 ? bytes[half / 2] >> 4 : bytes[half / 2] & 15];
        half++;
    }
    out[UUID_TEXT_MAX - 1] = '\0';
}

void uuid7(int64_t now_us, char out[static UUID_TEXT_MAX])
{
    uint8_t bytes[16];
    const uint64_t ms = (uint64_t)now_us / 1000;
    /* RFC 9562 6.2, method 3: the bits after the version carry the part of the millisecond, so that rows of a busy
     * millisecond still go to the end of the index. */
    const unsigned part = (unsigned)((uint64_t)now_us % 1000 * 4096 / 1000);

    for (size_t i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    bytes[6] = (uint8_t)(0x70 | part >> 8);
    bytes[7] = (uint8_t)part;
    const uint64_t random = pooled();
    memcpy(bytes + 8, &random, sizeof random);
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
    uuid_text(bytes, out);
}

bool uuid_ok(struct str s)
{
    if (s.len != UUID_TEXT_MAX - 1)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.ptr[i];
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (is_dash(i) ? c != '-' : !hex)
            return false;
    }
    return true;
}
