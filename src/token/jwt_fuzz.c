/* Tokens from strangers.  The first byte chooses how deep the rest goes:
 *   'h'  header text, a NUL, payload text: made into a token that is rightly signed
 *   'p'  payload text under a good header, rightly signed
 *   'm'  an object, read by our reader and by the library: they must agree
 *   else the rest is the token.
 * Whatever passes must have the claims that were asked for. */
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "json/read.h"
#include "token/jwt.h"
#include "token/members.h"

#define NOW INT64_C(1763690400)
#define PAYLOAD                                                                                                        \
    "{\"iss\":\"i\",\"aud\":\"a\",\"sub\":\"0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\",\"iat\":1763690400,\"nbf\":"        \
    "1763690400,"                                                                                                      \
    "\"exp\":1763691300,\"jti\":\"j\",\"sid\":\"0193a1b2-c3d4-7e5f-8a9b-aaaaaaaaaaaa\",\"tv\":0,\"role\":\"\","        \
    "\"roles\":[],"                                                                                                    \
    "\"scope\":\"\",\"amr\":[],\"acr\":\"\",\"auth_time\":0}"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct keyring *keys;
static char kid[KID_LEN + 1];

int LLVMFuzzerInitialize(int *argc __attribute__((unused)), char ***argv __attribute__((unused)))
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret sealing = secret_new(32);
    struct signing_key_row row;
    crypto_setup();
    json_setup();
    keys = keyring_new(&sealing);
    if (key_make(mem, &sealing, ALGORITHM_ES256, 0, 0, &row) != OK ||
        keyring_fill(keys, &row, 1, NOW * SECOND_US) != OK)
        die("no keys: %s", note_get()->text);
    snprintf(kid, sizeof kid, "%.*s", STR_ARG(row.kid));
    return 0;
}

static struct str token_of(struct arena *mem, struct str header, struct str payload)
{
    const struct str head = base64url_encode(mem, header), body = base64url_encode(mem, payload);
    struct signature s;
    const struct str text = arena_printf(mem, "%.*s.%.*s", STR_ARG(head), STR_ARG(body));
    AUTO(key_hold) struct key_hold key = { 0 };
    if (keyring_hold(keys, NOW * SECOND_US, &key) != OK || key_hold_sign(&key, text, &s) != OK)
        die("no signature: %s", note_get()->text);
    const struct str tail = base64url_encode(mem, (struct str){ (const char *)s.is, s.len });
    return arena_printf(mem, "%.*s.%.*s", STR_ARG(text), STR_ARG(tail));
}

static struct str good_header(struct arena *mem)
{
    return arena_printf(mem, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", kid);
}

static void check(struct arena *mem, struct str token)
{
    const struct visit visit = { .mem = mem, .now_us = NOW * SECOND_US };
    const struct jwt_expect expect = { .issuer = STR("i"), .audience = STR("a") };
    struct jwt_claims got = { 0 };
    struct str header, payload;

    (void)!jwt_decode(mem, token, &header, &payload);
    if (jwt_check(keys, &visit, token, &expect, &got) != OK)
        return;
    if (!str_equal(got.issuer, expect.issuer) || !str_equal(got.audience, expect.audience) || got.expires_at <= NOW ||
        !uuid_ok(got.subject) || !uuid_ok(got.session) || !str_utf8_ok(got.scope) ||
        memchr(got.scope.ptr, 0, got.scope.len))
        die("a token passed that must not");
}

static void same_value(const struct member *mine, const struct json *tree, const char *name)
{
    const struct json *theirs = json_get(tree, name);
    struct str text;
    int64_t number = 0;
    if (mine->kind == MEMBER_STR && (!json_is_str(theirs, &text) || !str_equal(text, mine->text)))
        die("another string");
    if (mine->kind == MEMBER_INT && (!json_get_int(tree, name, &number) || number != mine->number))
        die("another number");
    if (mine->kind == MEMBER_STRS && json_size(theirs) != mine->list.count)
        die("another list");
    for (size_t i = 0; mine->kind == MEMBER_STRS && i < mine->list.count; i++)
        if (!json_is_str(json_at(theirs, i), &text) || !str_equal(text, mine->list.items[i]))
            die("another string in a list");
}

/* Ours has narrower bounds, and does not look for names that repeat inside of what it passes over, nor for numbers that
 * are too big there. */
static void compare(struct arena *mem, struct str text)
{
    struct members mine;
    struct json *tree = NULL;
    const bool took = members_read(mem, text, &mine) == OK, took_too = json_tree(text, &tree) == OK;
    bool others = false;

    for (size_t i = 0; took && i < mine.count; i++)
        others |= mine.items[i].kind == MEMBER_OTHER || mine.items[i].kind == MEMBER_OBJECT;
    if (took && !took_too && !others && text.len <= JSON_TEXT_MAX)
        die("taken here, refused by the library");
    if (took_too && !took && json_size(tree) <= MEMBERS_MAX)
        die("refused here, taken by the library: %s", note_get()->text);
    if (took && took_too && json_size(tree) != mine.count)
        die("another count");
    for (size_t i = 0; took && took_too && i < mine.count; i++)
        same_value(&mine.items[i], tree, arena_cstr(mem, mine.items[i].name));
    json_tree_drop(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena) struct arena *mem = arena_new();
    if (size == 0)
        return 0;
    struct str header, rest = { (const char *)data + 1, size - 1 };
    const struct str payload = { (const char *)data + 1, size - 1 };
    switch (data[0]) {
    case 'h':
        if (str_split(&rest, '\0', &header))
            check(mem, token_of(mem, header, rest.ptr == NULL ? STR(PAYLOAD) : rest));
        break;
    case 'p':
        check(mem, token_of(mem, good_header(mem), payload));
        break;
    case 'm':
        compare(mem, payload);
        break;
    default:
        check(mem, payload);
    }
    return 0;
}
