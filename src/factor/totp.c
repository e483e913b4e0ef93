#include "factor/totp.h"
#include "base/buf.h"
#include "crypto/random.h"

#include <liboath/oath.h>
#include <stdlib.h>

void totp_setup(void)
{
    if (oath_init() != OATH_OK)
        die("liboath can't be made ready");
}

struct secret totp_secret_new(void)
{
    struct secret secret = secret_new(TOTP_SECRET_BYTES);
    random_bytes(secret.ptr, secret.len);
    return secret;
}

struct str totp_secret_text(struct arena *mem, const struct secret *secret)
{
    struct str bytes = secret_view(secret), text;
    char *made = NULL;
    size_t len = 0;
    if (oath_base32_encode(bytes.ptr, bytes.len, &made, &len) != OATH_OK)
        die("out of memory");
    text = arena_copy(mem, (struct str){ made, len });
    wipe(made, len);
    free(made);
    return text;
}

/* RFC 3986 2.3: what needs no escape anywhere. */
static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static void add_escaped(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_unreserved(text.ptr[i]))
            buf_add_char(b, text.ptr[i]);
        else
            buf_printf(b, "%%%02X", (unsigned char)text.ptr[i]);
}

/* A colon ends the issuer in the label, escaped or not. */
static struct str without_colons(struct arena *mem, struct str text)
{
    struct buf b = buf_new(mem, text.len + 1);
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(&b, text.ptr[i] == ':' ? '-' : text.ptr[i]);
    return buf_str(&b);
}

struct str totp_uri(struct arena *mem, struct str issuer, struct str account, const struct secret *secret)
{
    struct buf b = buf_new(mem, 256);
    issuer = without_colons(mem, issuer);
    buf_add(&b, STR("otpauth://totp/"));
    add_escaped(&b, issuer);
    buf_add_char(&b, ':');
    add_escaped(&b, account);
    buf_add(&b, STR("?secret="));
    buf_add(&b, totp_secret_text(mem, secret));
    buf_add(&b, STR("&issuer="));
    add_escaped(&b, issuer);
    buf_printf(&b, "&algorithm=SHA1&digits=%d&period=%d", TOTP_DIGITS, TOTP_STEP_S);
    return buf_str(&b);
}

bool totp_code_read(struct str typed, struct totp_code *out)
{
    struct totp_code code = { { 0 } };
    size_t len = 0;
    for (size_t i = 0; i < typed.len; i++) {
        if (typed.ptr[i] == ' ')
            continue;
        if (len == TOTP_DIGITS || typed.ptr[i] < '0' || typed.ptr[i] > '9')
            return false;
        code.digits[len++] = typed.ptr[i];
    }
    if (len != TOTP_DIGITS)
        return false;
    *out = code;
    return true;
}

static FALLIBLE code_at(const struct secret *secret, int64_t step, struct totp_code *out)
{
    struct str key = secret_view(secret);
    int end = oath_totp_generate(key.ptr, key.len, (time_t)(step * TOTP_STEP_S), TOTP_STEP_S,
                                 OATH_TOTP_DEFAULT_START_TIME, TOTP_DIGITS, out->digits);
    return end == OATH_OK ? OK : fail(ERR_INTERNAL, "liboath: %s", oath_strerror(end));
}

/* No branch on how much of it fits. */
static bool is_same(const struct totp_code *a, const struct totp_code *b)
{
    unsigned differs = 0;
    for (size_t i = 0; i < TOTP_DIGITS; i++)
        differs |= (unsigned)(a->digits[i] ^ b->digits[i]);
    return differs == 0;
}

/* 0, -1, 1, -2, 2 ... */
static int nth_distance(int n)
{
    return n % 2 == 1 ? -(n + 1) / 2 : n / 2;
}

FALLIBLE totp_find(const struct secret *secret, int64_t now_s, const struct totp_code *code, struct totp_found *out)
{
    const int64_t now = now_s / TOTP_STEP_S;
    bool found = false;
    /* All of them, whatever has been found: the time that it takes says nothing. */
    for (int n = 0; n <= 2 * TOTP_LOOK; n++) {
        struct totp_code right;
        const int64_t step = now + nth_distance(n);
        TRY(code_at(secret, step, &right));
        if (!is_same(&right, code) || found)
            continue;
        *out = (struct totp_found){ step, nth_distance(n) };
        found = true;
    }
    return found ? OK : ERR_DENIED;
}

bool totp_is_timely(const struct totp_found *found)
{
    return found->distance <= 0 && found->distance >= -TOTP_LATE;
}
