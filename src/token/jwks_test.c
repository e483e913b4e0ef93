#include "support/test.h"
#include "base/buf.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "crypto/signature.h"
#include "json/read.h"
#include "token/jwk.h"
#include "token/jwks.h"

/* A key pair, the members of its public half, and tokens that it signs. */
struct pair {
    struct sign_key *key;
    struct str members;
};

static struct str part(struct arena *mem, const void *bytes, size_t len)
{
    return base64url_encode(mem, (struct str){ bytes, len });
}

static struct pair pair_of(struct arena *mem, enum algorithm algorithm)
{
    struct pair pair = { 0 };
    CHECK_OK(sign_key_make(algorithm, &pair.key));
    struct str jwk = jwk_write(mem, sign_key_public(pair.key));
    pair.members = str_slice(jwk, 1, jwk.len - 1);
    return pair;
}

static struct pair pair_make(struct arena *mem)
{
    return pair_of(mem, ALGORITHM_ES256);
}

static struct str token_of(struct arena *mem, const struct pair *pair, const char *header)
{
    struct signature signature;
    struct str text =
        arena_printf(mem, "%.*s.%.*s", STR_ARG(part(mem, header, strlen(header))), STR_ARG(part(mem, "{\"a\":1}", 7)));
    CHECK_OK(signature_sign(pair->key, text, &signature));
    return arena_printf(mem, "%.*s.%.*s", STR_ARG(text), STR_ARG(part(mem, signature.is, signature.len)));
}

TEST(jwks, find_their_key_by_its_kid_or_the_only_one)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct pair one = pair_make(mem), two = pair_make(mem);
    struct str single = arena_printf(mem, "{\"keys\":[{%.*s}]}", STR_ARG(one.members)), payload = { 0 };
    struct str both = arena_printf(mem, "{\"keys\":[{%.*s,\"kid\":\"1\"},{%.*s,\"kid\":\"2\",\"alg\":\"ES256\"}]}",
                                   STR_ARG(one.members), STR_ARG(two.members));
    CHECK_OK(jwks_fit(mem, single));
    CHECK_OK(jwks_fit(mem, both));
    CHECK_OK(jwks_check(mem, single, token_of(mem, &one, "{\"alg\":\"ES256\"}"), &payload));
    CHECK_STR(STR("{\"a\":1}"), payload);
    CHECK_OK(jwks_check(mem, both, token_of(mem, &two, "{\"alg\":\"ES256\",\"kid\":\"2\"}"), &payload));
    CHECK_END(ERR_DENIED, jwks_check(mem, both, token_of(mem, &two, "{\"alg\":\"ES256\",\"kid\":\"1\"}"), &payload));
    CHECK_END(ERR_MISSING, jwks_check(mem, both, token_of(mem, &two, "{\"alg\":\"ES256\",\"kid\":\"3\"}"), &payload));
    CHECK_END(ERR_MISSING, jwks_check(mem, both, token_of(mem, &two, "{\"alg\":\"ES256\"}"), &payload));
    CHECK_END(ERR_DENIED, jwks_check(mem, single, token_of(mem, &two, "{\"alg\":\"ES256\"}"), &payload));
    CHECK_END(ERR_DENIED, jwks_check(mem, single, token_of(mem, &one, "{\"alg\":\"none\"}"), &payload));
    CHECK_END(ERR_DENIED, jwks_check(mem, single, token_of(mem, &one, "{\"alg\":\"HS256\"}"), &payload));
    CHECK_END(ERR_INVALID, jwks_check(mem, single, STR("a.b"), &payload));
    sign_key_drop(&one.key);
    sign_key_drop(&two.key);
}

TEST(jwks, are_refused_when_they_can_not_serve)
{
    static const char *const plain[] = { "",
                                         "[]",
                                         "{}",
                                         "{\"keys\":[]}",
                                         "{\"keys\":{}}",
                                         "{\"keys\":\"x\"}",
                                         "{\"keys\":[1]}",
                                         "{\"keys\":[{}]}",
                                         "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}",
                                         "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
                                         "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}" };
    AUTO(arena) struct arena *mem = arena_new();
    struct pair one = pair_make(mem);
    struct buf many = buf_new(mem, JWKS_MAX);
    struct str payload = { 0 };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        CHECK_END(ERR_INVALID, jwks_fit(mem, str_of(plain[i])));
        CHECK_END(ERR_INVALID, jwks_check(mem, str_of(plain[i]), token_of(mem, &one, "{\"alg\":\"ES256\"}"), &payload));
    }
    CHECK_END(ERR_INVALID, jwks_fit(mem, arena_printf(mem, "{\"keys\":[{%.*s,\"d\":\"x\"}]}", STR_ARG(one.members))));
    CHECK_END(ERR_INVALID,
              jwks_fit(mem, arena_printf(mem, "{\"keys\":[{%.*s,\"alg\":\"ES384\"}]}", STR_ARG(one.members))));
    CHECK_END(ERR_INVALID,
              jwks_fit(mem, arena_printf(mem, "{\"keys\":[{%.*s,\"use\":\"enc\"}]}", STR_ARG(one.members))));
    CHECK_END(ERR_INVALID, jwks_fit(mem, arena_printf(mem, "{\"keys\":[{%.*s},{%.*s}]}", STR_ARG(one.members),
                                                      STR_ARG(one.members))));
    CHECK_END(ERR_INVALID, jwks_fit(mem, arena_printf(mem, "{\"keys\":[{%.*s,\"kid\":\"1\"},{%.*s,\"kid\":\"1\"}]}",
                                                      STR_ARG(one.members), STR_ARG(one.members))));
    for (int i = 0; i <= JWKS_KEYS_MAX; i++)
        buf_printf(&many, "%s{%.*s,\"kid\":\"%d\"}", i == 0 ? "{\"keys\":[" : ",", STR_ARG(one.members), i);
    buf_add(&many, STR("]}"));
    CHECK_END(ERR_INVALID, jwks_fit(mem, buf_str(&many)));
    sign_key_drop(&one.key);
}

TEST(jwks, check_with_the_algorithm_of_the_key_and_no_other)
{
    static const enum algorithm all[] = { ALGORITHM_ES256, ALGORITHM_EDDSA, ALGORITHM_RS256, ALGORITHM_PS256 };
    const size_t count = sizeof all / sizeof *all;
    AUTO(arena) struct arena *mem = arena_new();
    struct str payload = { 0 };
    for (size_t i = 0; i < count; i++) {
        struct pair pair = pair_of(mem, all[i]);
        struct str set = arena_printf(mem, "{\"keys\":[{%.*s,\"alg\":\"%s\",\"use\":\"sig\"}]}", STR_ARG(pair.members),
                                      algorithm_name(all[i]));
        CHECK_OK(jwks_fit(mem, set));
        for (size_t k = 0; k < count; k++) {
            struct str header = arena_printf(mem, "{\"alg\":\"%s\"}", algorithm_name(all[k]));
            CHECK_END(k == i ? OK : ERR_DENIED, jwks_check(mem, set, token_of(mem, &pair, header.ptr), &payload));
        }
        sign_key_drop(&pair.key);
    }
}

TEST(jwks, need_no_algorithm_where_the_kind_of_key_has_only_one)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct pair okp = pair_of(mem, ALGORITHM_EDDSA), rsa = pair_of(mem, ALGORITHM_RS256);
    struct str payload = { 0 };
    struct str set = arena_printf(mem, "{\"keys\":[{%.*s}]}", STR_ARG(okp.members));
    CHECK_OK(jwks_check(mem, set, token_of(mem, &okp, "{\"alg\":\"EdDSA\"}"), &payload));
    CHECK_END(ERR_INVALID, jwks_fit(mem, arena_printf(mem, "{\"keys\":[{%.*s}]}", STR_ARG(rsa.members))));
    static const char *const wrong[] = { "\"ES256\"", "\"RS512\"", "\"HS256\"", "\"none\"", "\"\"", "null", "256" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_END(ERR_INVALID,
                  jwks_fit(mem, arena_printf(mem, "{\"keys\":[{%.*s,\"alg\":%s}]}", STR_ARG(rsa.members), wrong[i])));
        if (i > 0)
            CHECK_END(ERR_INVALID, jwks_fit(mem, arena_printf(mem, "{\"keys\":[{%.*s,\"alg\":%s}]}",
                                                              STR_ARG(okp.members), wrong[i])));
    }
    CHECK_END(ERR_INVALID,
              jwks_fit(mem, arena_printf(mem, "{\"keys\":[{%.*s,\"alg\":\"EdDSA\"}]}", STR_ARG(rsa.members))));
    sign_key_drop(&okp.key);
    sign_key_drop(&rsa.key);
}

static int setup(void **state __attribute__((unused)))
{
    crypto_setup();
    json_setup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { CASE(jwks, find_their_key_by_its_kid_or_the_only_one),
                                        CASE(jwks, are_refused_when_they_can_not_serve),
                                        CASE(jwks, check_with_the_algorithm_of_the_key_and_no_other),
                                        CASE(jwks, need_no_algorithm_where_the_kind_of_key_has_only_one) };
    return cmocka_run_group_tests(tests, setup, NULL);
}
