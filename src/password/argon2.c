#include "password/keep.h"
#include "password/phc.h"
#include "password/scheme.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#define SALT_BYTES 16 /* RFC 9106 4: a salt of 128 bits and a tag of 256 */
#define HASH_BYTES 32

_Static_assert(crypto_pwhash_STRBYTES <= PASSWORD_HASH_MAX, "libsodium's string fits");

enum password_reading argon2_read(struct str stored, struct stored *out)
{
    struct phc got = { 0 };
    struct str rest = stored, part = { 0 };
    (void)str_split(&rest, '$', &part); /* before the first "$" */
    (void)str_split(&rest, '$', &part); /* the name, which the table has matched */
    switch (phc_parse(rest, &got)) {
    case PHC_OK:
        break;
    case PHC_MALFORMED:
        return PASSWORD_MALFORMED;
    case PHC_BEYOND:
        return PASSWORD_UNSUPPORTED;
    }
    out->m_kib = got.m_kib;
    out->passes = got.passes;
    out->lanes = got.lanes;
    out->salt_len = got.salt_len;
    out->hash_len = got.hash_len;
    return PASSWORD_READ;
}

static const char *bytes_of(const struct secret *password)
{
    return password->ptr == NULL ? "" : (const char *)password->ptr;
}

/* libsodium takes PHC strings of both variants and of any number of lanes, which it computes one after the other, and
 * compares the tags in constant time. */
enum err argon2_check(const char *stored, const struct secret *password)
{
    keep_lend();
    int differs = crypto_pwhash_str_verify(stored, bytes_of(password), password->len);
    bool lacked = keep_take_back();
    if (differs == 0)
        return OK;
    return lacked ? ERR_BUSY : ERR_DENIED;
}

enum err argon2_make(const struct password_options *options, const struct secret *password,
                     char out[static PASSWORD_HASH_MAX])
{
    errno = 0; /* ENOMEM is told here, by errno only */
    keep_lend();
    int failed = crypto_pwhash_str_alg(out, bytes_of(password), password->len, options->argon2_t,
                                       (size_t)options->argon2_m_kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
    (void)keep_take_back();
    if (failed == 0)
        return OK;
    return errno == ENOMEM ? ERR_BUSY : ERR_INTERNAL;
}

static void base64_random(size_t bytes, char *out, size_t room)
{
    uint8_t raw[HASH_BYTES];
    randombytes_buf(raw, bytes);
    sodium_bin2base64(out, room, raw, bytes, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

void argon2_decoy(const struct password_options *options, char out[static PASSWORD_HASH_MAX])
{
    char salt[32], hash[64];
    base64_random(SALT_BYTES, salt, sizeof salt);
    base64_random(HASH_BYTES, hash, sizeof hash);
    snprintf(out, PASSWORD_HASH_MAX, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s", options->argon2_m_kib, options->argon2_t,
             salt, hash);
}
