#include "password/scheme.h"

#include <string.h>

/* clang-format off */
const struct scheme password_schemes[] = {
    /* name           prefix                          weak   takes bytes       NUL    read              check */
    { "argon2id",     STR("$argon2id$"),              false, SIZE_MAX,         true,  argon2_read,      argon2_check },
    { "argon2i",      STR("$argon2i$"),               false, SIZE_MAX,         true,  argon2_read,      argon2_check },
    { "bcrypt",       STR("$2b$"),                    false, BCRYPT_BYTES_MAX, false, bcrypt_read,      crypt_check },
    { "bcrypt-long",  STR(BCRYPT_LONG_PREFIX "$2b$"), false, SIZE_MAX,         true,  bcrypt_long_read, bcrypt_long_check },
    { "bcrypt-2a",    STR("$2a$"),                    false, BCRYPT_BYTES_MAX, false, bcrypt_read,      crypt_check },
    { "bcrypt-2y",    STR("$2y$"),                    false, BCRYPT_BYTES_MAX, false, bcrypt_read,      crypt_check },
    { "yescrypt",     STR("$y$"),                     false, CRYPT_BYTES_MAX,  false, yescrypt_read,    crypt_check },
    { "scrypt",       STR("$7$"),                     false, CRYPT_BYTES_MAX,  false, scrypt_read,      crypt_check },
    { "sha512crypt",  STR("$6$"),                     true,  CRYPT_BYTES_MAX,  false, shacrypt_read,    crypt_check },
    { "sha256crypt",  STR("$5$"),                     true,  CRYPT_BYTES_MAX,  false, shacrypt_read,    crypt_check },
};
/* clang-format on */
const size_t password_schemes_count = sizeof password_schemes / sizeof password_schemes[0];

static const struct scheme *scheme_of(struct str stored)
{
    for (size_t i = 0; i < password_schemes_count; i++)
        if (str_starts(stored, password_schemes[i].prefix))
            return &password_schemes[i];
    return NULL;
}

/* Stored strings of every scheme are printable ASCII; a NUL or a newline inside would be read differently by a C
 * library. */
static bool printable(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
            return false;
    return true;
}

enum password_reading password_read(struct str stored, struct stored *out)
{
    const struct scheme *scheme = scheme_of(stored);
    struct stored got = { .scheme = scheme };
    if (scheme == NULL)
        return PASSWORD_UNSUPPORTED;
    if (stored.len >= PASSWORD_HASH_MAX || !printable(stored))
        return PASSWORD_MALFORMED;
    enum password_reading reading = scheme->read(stored, &got);
    if (reading == PASSWORD_READ)
        *out = got;
    return reading;
}

bool password_whole(const struct scheme *scheme, const struct secret *password)
{
    if (password->len > scheme->takes_bytes)
        return false;
    return scheme->takes_nul || password->len == 0 || memchr(password->ptr, 0, password->len) == NULL;
}
