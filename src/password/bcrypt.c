#include "password/hmac384.h"
#include "password/scheme.h"

#include <crypt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SALT_CHARS    22
#define HASH_CHARS    31
#define SETTING_CHARS (7 + SALT_CHARS) /* "$2b$12$" and the salt */
#define STRING_CHARS  (SETTING_CHARS + HASH_CHARS)
#define SALT_BYTES    16
#define TAG_CHARS     64 /* base64 of an HMAC-SHA-384 */

static const char alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static bool of_alphabet(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] == '\0' || strchr(alphabet, s.ptr[i]) == NULL)
            return false;
    return true;
}

/* 128 bits in 22 characters leave four bits of the last one without meaning; only zeroes are canonical. */
static bool salt_ends_well(char last)
{
    return last == '.' || last == 'O' || last == 'e' || last == 'u';
}

enum password_reading bcrypt_read(struct str stored, struct stored *out)
{
    int64_t cost = 0;
    if (stored.len != STRING_CHARS || !str_to_int(str_slice(stored, 4, 6), 0, 99, &cost) || stored.ptr[6] != '$' ||
        !of_alphabet(str_slice(stored, 7, stored.len)) || !salt_ends_well(stored.ptr[SETTING_CHARS - 1]))
        return PASSWORD_MALFORMED;
    if (cost < BCRYPT_COST_MIN || cost > BCRYPT_COST_MAX)
        return PASSWORD_UNSUPPORTED;
    out->cost = (uint32_t)cost;
    return PASSWORD_READ;
}

static const char *inner_of(const char *stored)
{
    return stored + strlen(BCRYPT_LONG_PREFIX);
}

enum password_reading bcrypt_long_read(struct str stored, struct stored *out)
{
    return bcrypt_read(str_slice(stored, strlen(BCRYPT_LONG_PREFIX), stored.len), out);
}

/* base64(HMAC-SHA-384(salt, password)): 64 characters without a NUL, which bcrypt takes whole.  setting: "$2b$12$" and
 * the salt. */
static struct secret shortened(const char *setting, const struct secret *password)
{
    uint8_t tag[HMAC384_BYTES];
    char text[TAG_CHARS + 1];
    hmac384((struct str){ setting + 7, SALT_CHARS }, secret_view(password), tag);
    sodium_bin2base64(text, sizeof text, tag, sizeof tag, sodium_base64_VARIANT_ORIGINAL);
    struct secret out = secret_copy((struct str){ text, TAG_CHARS });
    wipe(tag, sizeof tag);
    wipe(text, sizeof text);
    return out;
}

enum err bcrypt_long_check(const char *stored, const struct secret *password)
{
    AUTO(secret) struct secret tag = shortened(inner_of(stored), password);
    return crypt_check(inner_of(stored), &tag);
}

static void setting_make(uint32_t cost, char *out, size_t room)
{
    char random[SALT_BYTES];
    randombytes_buf(random, sizeof random);
    if (crypt_gensalt_rn("$2b$", cost, random, sizeof random, out, (int)room) == NULL)
        die("libxcrypt makes no bcrypt setting of cost %u", cost);
}

static enum err long_make(const char *setting, const struct secret *password, char out[static PASSWORD_HASH_MAX])
{
    AUTO(secret) struct secret tag = shortened(setting, password);
    size_t prefix = strlen(BCRYPT_LONG_PREFIX);
    memcpy(out, BCRYPT_LONG_PREFIX, prefix);
    return crypt_text((const char *)tag.ptr, setting, out + prefix, PASSWORD_HASH_MAX - prefix);
}

enum err bcrypt_make(const struct password_options *options, const struct secret *password,
                     char out[static PASSWORD_HASH_MAX])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    setting_make(options->bcrypt_cost, setting, sizeof setting);
    /* Longer than bcrypt takes, or with a NUL, where it would end: neither is cut. */
    if (password->len > BCRYPT_BYTES_MAX ||
        strlen(password->ptr == NULL ? "" : (const char *)password->ptr) != password->len)
        return long_make(setting, password, out);
    return crypt_text(password->ptr == NULL ? "" : (const char *)password->ptr, setting, out, PASSWORD_HASH_MAX);
}

void bcrypt_decoy(const struct password_options *options, char out[static PASSWORD_HASH_MAX])
{
    setting_make(options->bcrypt_cost, out, PASSWORD_HASH_MAX);
    for (size_t i = SETTING_CHARS; i < STRING_CHARS; i++)
        out[i] = alphabet[randombytes_uniform(sizeof alphabet - 1)];
    out[STRING_CHARS] = '\0';
}
