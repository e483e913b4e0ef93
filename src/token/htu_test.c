#include "support/test.h"
#include "base/arena.h"
#include "token/htu.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

TEST(htu_normal, brings_spellings_of_one_address_together)
{
    static const struct {
        struct str written, normal;
    } rows[] = {
        { STR("https://auth.example/login"), STR("https://auth.example/login") },
        { STR("HTTPS://Auth.EXAMPLE/login"), STR("https://auth.example/login") },
        { STR("https://auth.example:443/login"), STR("https://auth.example/login") },
        { STR("https://auth.example:/login"), STR("https://auth.example/login") },
        { STR("https://auth.example:0443/login"), STR("https://auth.example/login") },
        { STR("http://auth.example:80/"), STR("http://auth.example/") },
        { STR("http://auth.example:443/"), STR("http://auth.example:443/") },
        { STR("https://auth.example:8443"), STR("https://auth.example:8443/") },
        { STR("https://auth.example?x=1"), STR("https://auth.example/") },
        { STR("https://auth.example/a?b=/../c#d"), STR("https://auth.example/a") },
        { STR("https://auth.example/a#d?e"), STR("https://auth.example/a") },
        { STR("https://auth.example/%7euser/%6c%6Fgin"), STR("https://auth.example/~user/login") },
        { STR("https://auth.example/a%2fb%c3%a9"), STR("https://auth.example/a%2Fb%C3%A9") },
        { STR("https://auth.example/a/./b/../c"), STR("https://auth.example/a/c") },
        { STR("https://auth.example/a/%2e%2E/c"), STR("https://auth.example/c") },
        { STR("https://auth.example/../../c/."), STR("https://auth.example/c/") },
        { STR("https://auth.example/a/b/.."), STR("https://auth.example/a/") },
        { STR("https://auth.example/a//b"), STR("https://auth.example/a//b") },
        { STR("https://auth.example/Login"), STR("https://auth.example/Login") },
        { STR("https://auth.example/login/"), STR("https://auth.example/login/") },
        { STR("http://[::1]:8000/ping"), STR("http://[::1]:8000/ping") },
        { STR("http://[::FFFF]/"), STR("http://[::ffff]/") },
    };
    AUTO(arena) struct arena *mem = arena_new();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str got, again;
        CHECK_OK(htu_normal(mem, rows[i].written, &got));
        CHECK_STR(rows[i].normal, got);
        CHECK_OK(htu_normal(mem, got, &again));
        CHECK_STR(got, again);
    }
}

TEST(htu_normal, refuses_what_is_no_address_of_a_request)
{
    static const struct str refused[] = {
        STR(""),
        STR("/login"),
        STR("//auth.example/login"),
        STR("auth.example/login"),
        STR("ftp://auth.example/login"),
        STR("https:auth.example"),
        STR("https:/auth.example"),
        STR("https://"),
        STR("https:///login"),
        STR("https://:443/login"),
        STR("https://user@auth.example/login"),
        STR("https://auth.example@evil.example/login"),
        STR("https://auth%2eexample/login"),
        STR("https://auth example/login"),
        STR("https://auth\xc3\xa9.example/login"),
        STR("https://auth.example:x/login"),
        STR("https://auth.example:65536/login"),
        STR("https://auth.example:-1/login"),
        STR("https://auth.example:8:8/login"),
        STR("https://::1/login"),
        STR("https://[::1/login"),
        STR("https://[]/login"),
        STR("https://[::1]x/login"),
        STR("https://auth.example\\@evil.example/login"),
        STR("https://auth.example/lo gin"),
        STR("https://auth.example/lo\tgin"),
        STR("https://auth.example/login\n"),
        STR("https://auth.example/lo\0gin"),
        STR("https://auth\0.example/login"),
        STR("https://auth.example/\"login\""),
        STR("https://auth.example/<login>"),
        STR("https://auth.example/log\\in"),
        STR("https://auth.example/{id}"),
        STR("https://auth.example/\xc3\xa9"),
        STR("https://auth.example/%"),
        STR("https://auth.example/%4"),
        STR("https://auth.example/%4g"),
        STR("https://auth.example/%zz"),
        STR(" https://auth.example/login"),
    };
    AUTO(arena) struct arena *mem = arena_new();
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct str got = STR("untouched");
        if (htu_normal(mem, refused[i], &got) != ERR_INVALID)
            FAIL_WITH("taken: %.*s", STR_ARG(refused[i]));
        CHECK_STR(STR("untouched"), got);
    }
}

TEST(htu_normal, keeps_its_bound)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str got;
    char text[HTU_MAX + 2];
    memset(text, 'a', sizeof text);
    memcpy(text, "https://a/", 10);
    CHECK_OK(htu_normal(mem, (struct str){ text, HTU_MAX }, &got));
    CHECK_END(ERR_INVALID, htu_normal(mem, (struct str){ text, HTU_MAX + 1 }, &got));
}

RUN_TESTS(CASE(htu_normal, brings_spellings_of_one_address_together),
          CASE(htu_normal, refuses_what_is_no_address_of_a_request), CASE(htu_normal, keeps_its_bound))
