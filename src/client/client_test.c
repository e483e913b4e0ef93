#include "support/test.h"
#include "client/client.h"

#include <string.h>

#define NOW INT64_C(1763690400000000)

TEST(client_id, takes_readable_names_and_nothing_that_looks_like_an_account)
{
    static const char *const good[] = { "api", "billing-service", "a.b_c", "0ab" };
    static const char *const bad[] = {
        "", "ab", "Billing", "bill ing", "-abc", ".abc", "\xc3\xa9tudes", "a:b", "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
    };
    char longest[CLIENT_ID_MAX + 1];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(client_id_ok(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!client_id_ok(str_of(bad[i])));
    memset(longest, 'a', sizeof longest);
    CHECK(client_id_ok((struct str){ longest, CLIENT_ID_MAX }));
    CHECK(!client_id_ok((struct str){ longest, CLIENT_ID_MAX + 1 }));
}

TEST(scopes, are_sorted_and_have_no_doubles)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str tidy = { 0 };
    CHECK_OK(scopes_tidy(mem, STR("revoke billing:write introspect revoke a"), &tidy));
    CHECK_STR(STR("a billing:write introspect revoke"), tidy);
    CHECK_OK(scopes_tidy(mem, STR(""), &tidy));
    CHECK_INT(0, tidy.len);
}

TEST(scopes, refuse_foreign_characters_and_excess)
{
    static const char *const bad[] = { " ", "a ", " a", "a  b", "a\tb", "a\"b", "a\\b", "\xc3\xa9", "a\x7f" };
    AUTO(arena) struct arena *mem = arena_new();
    char many[SCOPES_MAX + 1];
    struct str tidy = { 0 };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_END(ERR_INVALID, scopes_tidy(mem, str_of(bad[i]), &tidy));
    memset(many, 'a', sizeof many);
    CHECK_END(ERR_INVALID, scopes_tidy(mem, (struct str){ many, sizeof many }, &tidy));
    for (size_t i = 1; i < 2 * SCOPE_WORDS_MAX + 1; i += 2)
        many[i] = ' ';
    CHECK_OK(scopes_tidy(mem, (struct str){ many, 2 * SCOPE_WORDS_MAX - 1 }, &tidy));
    CHECK_END(ERR_INVALID, scopes_tidy(mem, (struct str){ many, 2 * SCOPE_WORDS_MAX + 1 }, &tidy));
    CHECK_STR(STR("a"), tidy);
}

TEST(scopes, are_held_as_whole_words)
{
    CHECK(scopes_hold(STR("introspect revoke"), SCOPE_REVOKE));
    CHECK(!scopes_hold(STR("introspect revoked"), SCOPE_REVOKE));
    CHECK(!scopes_hold(STR(""), SCOPE_REVOKE));
    CHECK(!scopes_hold(STR("a b"), STR("")));
    CHECK(scopes_within(STR(""), STR("")) && scopes_within(STR("b a"), STR("a b c")));
    CHECK(!scopes_within(STR("a d"), STR("a b c")) && !scopes_within(STR("a"), STR("")));
}

TEST(secret, is_right_while_it_serves)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct client_row row = { .former_until = NOW + 1 };
    struct str now = client_secret_make(mem, &row.secret), before = client_secret_make(mem, &row.former_secret);
    CHECK_INT(CLIENT_SECRET, now.len);
    CHECK(client_secret_right(&row, now, NOW) && client_secret_right(&row, before, NOW));
    CHECK(client_secret_right(&row, now, NOW + 1) && !client_secret_right(&row, before, NOW + 1));
}

TEST(secret, of_nobody_is_never_right)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct client_row nobody = { 0 }, row = { 0 };
    struct str now = client_secret_make(mem, &row.secret);
    char zeros[32] = { 0 };
    CHECK(!client_secret_right(&nobody, now, NOW) && !client_secret_right(&nobody, STR(""), NOW));
    CHECK(!client_secret_right(&nobody, (struct str){ zeros, sizeof zeros }, NOW));
    CHECK(!client_secret_right(&row, str_slice(now, 0, CLIENT_SECRET - 1), NOW));
    CHECK(!client_secret_right(&row, STR(""), NOW));
}

RUN_TESTS(CASE(client_id, takes_readable_names_and_nothing_that_looks_like_an_account),
          CASE(scopes, are_sorted_and_have_no_doubles), CASE(scopes, refuse_foreign_characters_and_excess),
          CASE(scopes, are_held_as_whole_words), CASE(secret, is_right_while_it_serves),
          CASE(secret, of_nobody_is_never_right))
