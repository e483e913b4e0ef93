#include "crypto/master.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>
#include "base/file.h"
#include "crypto/base64url.h"
#include "crypto/random.h"

#define HEX_DIGITS (2 * MASTER_BYTES)
#define KEY_FORM   "a master key is one line, 64 hexadecimal digits or 43 characters of base64url"

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool from_hex(struct str text, uint8_t out[static MASTER_BYTES])
{
    for (size_t i = 0; i < MASTER_BYTES; i++) {
        int high = digit_of(text.ptr[2 * i]), low = digit_of(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* The arena is wiped: it holds the key. */
static bool from_base64url(struct str text, uint8_t out[static MASTER_BYTES])
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str bytes;

    if (base64url_decode(mem, text, &bytes) != OK || bytes.len != MASTER_BYTES)
        return false;
    memcpy(out, bytes.ptr, MASTER_BYTES);
    return true;
}

/* What somebody typed to have something there. */
static bool is_monotonous(const struct secret *key)
{
    return memcmp(key->ptr, key->ptr + 1, key->len - 1) == 0;
}

FALLIBLE master_parse(struct str text, struct secret *master)
{
    AUTO(secret) struct secret key = secret_new(MASTER_BYTES);
    bool good;

    if (str_ends(text, STR("\n")))
        text.len--;
    good = text.len == HEX_DIGITS ? from_hex(text, key.ptr) : from_base64url(text, key.ptr);
    if (!good)
        return fail(ERR_INVALID, KEY_FORM);
    if (is_monotonous(&key))
        return fail(ERR_INVALID, "the master key is one byte over and over; openssl rand -hex 32 makes a good one");
    *master = key;
    key = (struct secret){ 0 };
    return OK;
}

FALLIBLE master_read(const char *path, bool closed, struct secret *master)
{
    AUTO(secret) struct secret text = { 0 };

    TRY(file_read_secret(path, MASTER_TEXT_MAX, closed, &text));
    if (master_parse(secret_view(&text), master) != OK)
        return fail(ERR_INVALID,
                    "%s holds no master key: it is one line, 64 hexadecimal digits or 43 characters of"
                    " base64url",
                    path);
    return OK;
}

FALLIBLE master_make(const char *path)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(scratch) struct scratch *scratch = NULL;
    AUTO(secret) struct secret key = secret_new(MASTER_BYTES);
    struct str text;

    random_bytes(key.ptr, key.len);
    text = arena_printf(mem, "%.*s\n", STR_ARG(base64url_encode(mem, secret_view(&key))));
    TRY(scratch_open(arena_printf(mem, "%s.unfinished", path).ptr, true, &scratch));
    if (!fd_write(scratch->fd, text))
        return fail(ERR_INTERNAL, "write %s: %m", path);
    return scratch_put(&scratch, path, false);
}

static void kdf_drop(EVP_KDF **kdf)
{
    EVP_KDF_free(*kdf);
}

static void kdf_context_drop(EVP_KDF_CTX **context)
{
    EVP_KDF_CTX_free(*context);
}

struct secret master_subkey(const struct secret *master, const char *purpose)
{
    struct secret out = secret_new(MASTER_BYTES);
    char hash[] = "SHA256";
    OSSL_PARAM with[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, master->ptr, master->len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)purpose, strlen(purpose)),
        OSSL_PARAM_construct_end(),
    };
    AUTO(kdf) EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    AUTO(kdf_context) EVP_KDF_CTX *context = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);

    if (context == NULL || EVP_KDF_derive(context, out.ptr, out.len, with) != 1)
        die("HKDF does not work");
    return out;
}
