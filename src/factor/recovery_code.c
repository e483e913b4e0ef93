#include "factor/recovery_code.h"
#include "base/secret.h"
#include "crypto/random.h"

#define GROUP 4

/* Without I, L, O (they look like digits) and U (it makes words). */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

struct recovery_code recovery_code_new(void)
{
    struct recovery_code code = { { 0 } };
    uint8_t random[RECOVERY_CODE_CHARS];
    random_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        code.chars[i] = alphabet[random[i] % 32]; /* 256 is a multiple of 32: every character is as likely */
    wipe(random, sizeof random);
    return code;
}

void recovery_code_text(const struct recovery_code *code, char out[static RECOVERY_CODE_TEXT_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < RECOVERY_CODE_CHARS; i++) {
        if (i > 0 && i % GROUP == 0)
            out[len++] = '-';
        out[len++] = code->chars[i];
    }
    out[len] = '\0';
}

/* The character that was meant; 0 for one that none of ours looks like. */
static char meant(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        return '0';
    if (c == 'I' || c == 'L')
        return '1';
    return c != '\0' && strchr(alphabet, c) != NULL ? c : '\0';
}

bool recovery_code_read(struct str typed, struct recovery_code *out)
{
    struct recovery_code code = { { 0 } };
    size_t len = 0;
    for (size_t i = 0; i < typed.len; i++) {
        if (typed.ptr[i] == '-' || typed.ptr[i] == ' ')
            continue;
        if (len == RECOVERY_CODE_CHARS || meant(typed.ptr[i]) == '\0')
            return false;
        code.chars[len++] = meant(typed.ptr[i]);
    }
    if (len != RECOVERY_CODE_CHARS)
        return false;
    *out = code;
    return true;
}

struct digest recovery_code_digest(const struct mac_key *key, struct str user, const struct recovery_code *code)
{
    /* Both digested first: no two pairs of account and code are the same bytes. */
    struct digest parts[2] = { mac_of(key, user), mac_of(key, (struct str){ code->chars, RECOVERY_CODE_CHARS }) };
    struct digest all = mac_of(key, (struct str){ (const char *)parts, sizeof parts });
    wipe(parts, sizeof parts);
    return all;
}
