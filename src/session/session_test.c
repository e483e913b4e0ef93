#include "session/session.h"
#include "support/test.h"

TEST(amr, joins_what_still_holds_with_what_is_fresh)
{
    AUTO(arena) struct arena *mem = arena_new();
    static const struct {
        const char *before, *fresh, *both;
    } table[] = {
        { "pwd", "otp", "pwd,otp" },
        { "pwd,otp", "otp", "pwd,otp" },
        { "pwd,otp", "pwd", "otp,pwd" },
        { "pwd,recovery", "otp", "pwd,otp" },
        { "recovery", "hwk,user", "hwk,user" },
        { "", "pwd", "pwd" },
        { "pwd,otp", "hwk,user,mfa", "pwd,otp,hwk,user,mfa" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        CHECK_STR(str_of(table[i].both), session_amr_join(mem, str_of(table[i].before), str_of(table[i].fresh)));
}

TEST(amr, has_whole_words_only)
{
    const struct session_row row = { .amr = STR("pwd,recovery2") };
    CHECK(session_has(&row, STR("pwd")));
    CHECK(!session_has(&row, STR("recovery")) && !session_has(&row, STR("pw")) &&
          !session_has(&row, STR("pwd,recovery2")));
}

RUN_TESTS(CASE(amr, joins_what_still_holds_with_what_is_fresh), CASE(amr, has_whole_words_only))
