#include "password/scheme.h"

#include <crypt.h>
#include <sodium.h>
#include <string.h>

#define SHA256_CHARS   43
#define SHA512_CHARS   86
#define SALT_CHARS_MAX 86 /* of yescrypt: 64 bytes */

/* The alphabet of crypt(5), in its order; -1 for what is not of it. */
static int value_of(char c)
{
    if (c >= '.' && c <= '9')
        return c - '.';
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 12;
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 38;
    return -1;
}

static bool of_alphabet(struct str s, size_t min, size_t max)
{
    for (size_t i = 0; i < s.len; i++)
        if (value_of(s.ptr[i]) < 0)
            return false;
    return s.len >= min && s.len <= max;
}

static bool salt_and_hash(struct str rest, size_t salt_min, size_t salt_max, size_t hash_chars)
{
    struct str salt = { 0 };
    return str_split(&rest, '$', &salt) && of_alphabet(salt, salt_min, salt_max) &&
           of_alphabet(rest, hash_chars, hash_chars);
}

/* "$6$rounds=10000$salt$hash"; without rounds they are 5000. */
enum password_reading shacrypt_read(struct str stored, struct stored *out)
{
    (void)out;
    struct str rest = str_slice(stored, 3, stored.len), part = { 0 };
    int64_t rounds = 5000;
    if (str_starts(rest, STR("rounds="))) {
        (void)str_split(&rest, '$', &part);
        struct str digits = str_slice(part, 7, part.len);
        if (str_starts(digits, STR("0")) || !str_to_int(digits, 1, INT64_MAX, &rounds))
            return PASSWORD_MALFORMED;
    }
    if (!salt_and_hash(rest, 0, 16, stored.ptr[1] == '5' ? SHA256_CHARS : SHA512_CHARS))
        return PASSWORD_MALFORMED;
    return rounds >= 1000 && rounds <= SHACRYPT_ROUNDS_MAX ? PASSWORD_READ : PASSWORD_UNSUPPORTED;
}

static char next_of(struct str *rest)
{
    char c = rest->len == 0 ? '\0' : rest->ptr[0];
    *rest = str_slice(*rest, 1, rest->len);
    return c;
}

/* yescrypt's numbers: the first character tells how many follow (1 to 6 in all), and each length starts where the
 * shorter one ends. */
static bool number_take(struct str *rest, uint32_t min, uint32_t *out)
{
    uint32_t start = 0, end = 47, more = 0;
    int value = value_of(next_of(rest));
    if (value < 0)
        return false;
    uint64_t number = min;
    for (; (uint32_t)value > end; more++) {
        number += (uint64_t)(end + 1 - start) << (6 * more);
        start = end + 1;
        end = start + (62 - end) / 2;
    }
    number += (uint64_t)((uint32_t)value - start) << (6 * more);
    while (more-- > 0) {
        if ((value = value_of(next_of(rest))) < 0)
            return false;
        number += (uint64_t)value << (6 * more);
    }
    *out = (uint32_t)number;
    return number <= UINT32_MAX;
}

struct work {
    uint32_t n_log2, r, p, t;
};

static bool bearable(const struct work *w)
{
    if (w->n_log2 < 1 || w->n_log2 > 24 || w->r < 1 || w->r > 4096 || w->p < 1 || w->p > 256 || w->t > 256)
        return false;
    uint64_t n_r = ((uint64_t)1 << w->n_log2) * w->r;
    return n_r * 128 <= SCRYPT_MEMORY_MAX && n_r * w->p * (w->t + 1) <= SCRYPT_WORK_MAX;
}

#define HAVE_P 1U
#define HAVE_T 2U

/* The flavour, log2 of N, r, and, where they differ from 1 and 0, which of p, t, g and a shared table are given, and
 * these. */
static bool yescrypt_work(struct str params, struct work *out, bool *more)
{
    uint32_t flavour = 0, have = 0;
    *out = (struct work){ .p = 1 };
    if (!number_take(&params, 0, &flavour) || !number_take(&params, 1, &out->n_log2) ||
        !number_take(&params, 1, &out->r))
        return false;
    if (params.len > 0 && !number_take(&params, 1, &have))
        return false;
    if ((have & HAVE_P) != 0 && !number_take(&params, 2, &out->p))
        return false;
    if ((have & HAVE_T) != 0 && !number_take(&params, 1, &out->t))
        return false;
    *more = (have & ~(HAVE_P | HAVE_T)) != 0;
    return *more || params.len == 0;
}

enum password_reading yescrypt_read(struct str stored, struct stored *out)
{
    (void)out;
    struct str rest = str_slice(stored, 3, stored.len), params = { 0 };
    struct work work;
    bool more = false;
    if (!str_split(&rest, '$', &params) || !yescrypt_work(params, &work, &more) ||
        !salt_and_hash(rest, 0, SALT_CHARS_MAX, SHA256_CHARS))
        return PASSWORD_MALFORMED;
    return !more && bearable(&work) ? PASSWORD_READ : PASSWORD_UNSUPPORTED;
}

/* Five characters, the lowest six bits first. */
static bool number5_take(struct str *rest, uint32_t *out)
{
    uint32_t number = 0;
    for (unsigned i = 0; i < 5; i++) {
        int value = value_of(next_of(rest));
        if (value < 0)
            return false;
        number |= (uint32_t)value << (6 * i);
    }
    *out = number;
    return true;
}

/* "$7$", log2 of N in one character, r and p in five each, then the salt. */
enum password_reading scrypt_read(struct str stored, struct stored *out)
{
    (void)out;
    struct str rest = str_slice(stored, 3, stored.len);
    struct work work = { 0 };
    int n_log2 = value_of(next_of(&rest));
    if (n_log2 < 0 || !number5_take(&rest, &work.r) || !number5_take(&rest, &work.p) ||
        !salt_and_hash(rest, 0, SALT_CHARS_MAX, SHA256_CHARS))
        return PASSWORD_MALFORMED;
    work.n_log2 = (uint32_t)n_log2;
    return bearable(&work) ? PASSWORD_READ : PASSWORD_UNSUPPORTED;
}

enum err crypt_text(const char *text, const char *setting, char *out, size_t room)
{
    struct crypt_data data = { 0 };
    const char *made = crypt_rn(text, setting, &data, sizeof data);
    enum err end = ERR_INTERNAL;
    if (made != NULL && strlen(made) < room) {
        memcpy(out, made, strlen(made) + 1);
        end = OK;
    }
    wipe(&data, sizeof data);
    return end;
}

/* Of equal lengths all bytes are compared, whatever they are; the length is no secret. */
static bool same(const char *a, const char *b)
{
    return strlen(a) == strlen(b) && sodium_memcmp(a, b, strlen(a)) == 0;
}

enum err crypt_check(const char *stored, const struct secret *password)
{
    char made[PASSWORD_HASH_MAX];
    enum err end = crypt_text(password->ptr == NULL ? "" : (const char *)password->ptr, stored, made, sizeof made);
    if (end == OK && !same(made, stored))
        end = ERR_DENIED;
    wipe(made, sizeof made);
    return end;
}
