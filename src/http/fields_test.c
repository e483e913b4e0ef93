/* What stands in single header fields. */
#include "support/test.h"
#include "http/cookie.h"
#include "http/language.h"
#include "http/weight.h"

static const char *const known_languages[] = { "en", "de", "fr" };

static const char *language(const char *header)
{
    return known_languages[language_choose(str_of(header), known_languages, 3)];
}

TEST(language, is_the_one_that_weighs_most)
{
    static const char *const german[] = { "de",
                                          "DE-at",
                                          "de-CH-1996, en",
                                          "en;q=0.8,de;q=0.9",
                                          "en; q=0.5 , de ;q=0.501",
                                          "it, es, de;q=0.001",
                                          "en;q=0, de;q=0.1",
                                          "en;Q=0.1, de;Q=1.000",
                                          "fr;q=0.9, de, en" };
    for (size_t i = 0; i < sizeof german / sizeof *german; i++)
        assert_string_equal("de", language(german[i]));
    assert_string_equal("fr", language("fr,de"));
    assert_string_equal("en", language("*, de;q=0.9"));
    assert_string_equal("de", language("*;q=0.1, de;q=0.9"));
}

TEST(language, that_is_unknown_unwanted_or_malformed_is_the_first_of_ours)
{
    static const char *const none[] = {
        NULL,         "",       ",",          ";",           "it",    "deu",  "d",       "de;q=0",
        "de;q=0.000", "de;q=2", "de;q=1.001", "de;q=0.0001", "de;q=", "de;q", "de;q=-1", "de;q=0,5;x",
        "de;q=.5",    "de;x=1", "de;q=1;q=1", "de;q= 1.",    "-de",   "_de",  "de\xff"
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_string_equal("en", language(none[i]));
}

TEST(weight, takes_gzip_where_it_is_wanted)
{
    static const char *const wanted[] = { "gzip",
                                          "GZip",
                                          "x-gzip",
                                          "br, gzip;q=0.001",
                                          "*",
                                          "deflate, *",
                                          "gzip;q=1.000",
                                          "identity;q=0.5, gzip",
                                          " gzip ;q=0.5",
                                          "identity,gzip",
                                          "gzip;q=0, x-gzip",
                                          "*;q=0, gzip",
                                          "gzip, deflate, br, zstd" };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        CHECK(weight_takes_gzip(str_of(wanted[i])));
}

TEST(weight, takes_no_gzip_where_it_is_unwanted_unnamed_or_malformed)
{
    static const char *const plain[] = { NULL,
                                         "",
                                         ",",
                                         ";",
                                         "identity",
                                         "br, deflate",
                                         "gzip;q=0",
                                         "gzip;q=0.000",
                                         "gzip;q=2",
                                         "gzip;q=.5",
                                         "gzip;x=1",
                                         "gzip;q",
                                         "gzip;q=0, *",
                                         "*;q=0",
                                         "gzipped",
                                         "gzi",
                                         "gzip q=1",
                                         "\xff",
                                         "gzip\xff",
                                         "gzip;q=-1",
                                         "identity, gzip;q=0.9",
                                         "gzip;q=0.5;q=0.5",
                                         "*;q=0.1, identity;q=0.2" };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        CHECK(!weight_takes_gzip(str_of(plain[i])));
}

TEST(cookie, is_found_among_others_by_its_whole_name)
{
    static const char *const headers[] = { "__Host-a=v",
                                           "b=1; __Host-a=v",
                                           "__Host-a=v; __Host-ab=2",
                                           "x__Host-a=3;__Host-a=v",
                                           "__Host-a; __Host-a=v; c",
                                           "__host-a=4; __Host-a=v" };
    static const char *const missing[] = { "", "b=1", "__Host-ab=v", "__Host-", "=v", "b=__Host-a" };
    struct str value = { 0 };
    for (size_t i = 0; i < 4; i++) {
        CHECK_OK(cookie_find(str_of(headers[i]), STR("__Host-a"), &value));
        CHECK_STR(STR("v"), value);
    }
    CHECK_OK(cookie_find(str_of(headers[5]), STR("__Host-a"), &value));
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        CHECK_END(ERR_MISSING, cookie_find(str_of(missing[i]), STR("__Host-a"), &value));
    CHECK_END(ERR_MISSING, cookie_find((struct str){ 0 }, STR("__Host-a"), &value));
    CHECK_OK(cookie_find(STR("__Host-a=a=b=="), STR("__Host-a"), &value));
    CHECK_STR(STR("a=b=="), value);
}

TEST(cookie, that_came_twice_is_refused)
{
    static const char *const headers[] = { "__Host-a=v; __Host-a=v", "__Host-a=1; b=2; __Host-a=3",
                                           "__Host-a; __Host-a=v" };
    struct str value = { 0 };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        CHECK_END(ERR_INVALID, cookie_find(str_of(headers[i]), STR("__Host-a"), &value));
    CHECK(value.ptr == NULL);
}

RUN_TESTS(CASE(language, is_the_one_that_weighs_most),
          CASE(language, that_is_unknown_unwanted_or_malformed_is_the_first_of_ours),
          CASE(weight, takes_gzip_where_it_is_wanted),
          CASE(weight, takes_no_gzip_where_it_is_unwanted_unnamed_or_malformed),
          CASE(cookie, is_found_among_others_by_its_whole_name), CASE(cookie, that_came_twice_is_refused))
