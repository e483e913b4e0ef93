#include "client/client.h"
#include "base/buf.h"
#include "base/secret.h"
#include "crypto/base64url.h"
#include "crypto/random.h"

#include <stdlib.h>

#define SECRET_BYTES 32

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool client_id_ok(struct str id)
{
    if (id.len < CLIENT_ID_MIN || id.len > CLIENT_ID_MAX || !is_word_char(id.ptr[0]) || uuid_ok(id))
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (!is_word_char(id.ptr[i]) && id.ptr[i] != '.' && id.ptr[i] != '_' && id.ptr[i] != '-')
            return false;
    return true;
}

/* RFC 6749 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ) */
static bool scope_ok(struct str word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] < 0x21 || word.ptr[i] > 0x7e || word.ptr[i] == '"' || word.ptr[i] == '\\')
            return false;
    return word.len > 0;
}

static int by_bytes(const void *left, const void *right)
{
    const struct str *a = left, *b = right;
    int order = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

enum err scopes_tidy(struct arena *mem, struct str typed, struct str *out)
{
    struct str words[SCOPE_WORDS_MAX], word, rest = typed.len > 0 ? typed : (struct str){ NULL, 0 };
    struct buf tidy = buf_new(mem, typed.len + 1);
    size_t count = 0;
    if (typed.len > SCOPES_MAX)
        return fail(ERR_INVALID, "more than %d bytes of scopes", SCOPES_MAX);
    while (str_split(&rest, ' ', &word)) {
        if (count == SCOPE_WORDS_MAX || !scope_ok(word))
            return fail(ERR_INVALID, "no list of at most %d scopes with single blanks between them", SCOPE_WORDS_MAX);
        words[count++] = word;
    }
    qsort(words, count, sizeof *words, by_bytes);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && str_equal(words[i], words[i - 1]))
            continue;
        buf_add(&tidy, tidy.len > 0 ? STR(" ") : STR(""));
        buf_add(&tidy, words[i]);
    }
    *out = buf_str(&tidy);
    return OK;
}

bool scopes_hold(struct str scopes, struct str word)
{
    struct str one;
    while (str_split(&scopes, ' ', &one))
        if (one.len > 0 && str_equal(one, word))
            return true;
    return false;
}

bool scopes_within(struct str part, struct str whole)
{
    struct str one;
    while (part.len > 0 && str_split(&part, ' ', &one))
        if (!scopes_hold(whole, one))
            return false;
    return true;
}

struct str client_secret_make(struct arena *mem, struct digest *digest)
{
    char bytes[SECRET_BYTES];
    random_bytes(bytes, sizeof bytes);
    const struct str text = base64url_encode(mem, (struct str){ bytes, sizeof bytes });
    wipe(bytes, sizeof bytes);
    *digest = digest_of(text);
    return text;
}

bool client_secret_right(const struct client_row *client, struct str secret, int64_t now_us)
{
    const struct digest typed = digest_of(secret);
    const bool now = digest_equal(&typed, &client->secret), before = digest_equal(&typed, &client->former_secret);
    return now || (before && now_us < client->former_until);
}
