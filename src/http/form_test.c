#include "support/test.h"
#include "http/form.h"

struct form {
    struct str token, hint;
};
static const struct field fields[] = { FIELD(struct form, token, 1, 8),
                                       FIELD_ROW(struct form, hint, FIELD_OPTIONAL, 1, 8, NULL), FIELD_END };

TEST(form, reads_what_the_table_names_and_ignores_the_rest)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct form form = { 0 };
    CHECK_OK(form_read(mem, STR("resource=x&token=a+%26%3d&other=&hint=h"), fields, &form));
    CHECK_STR(STR("a &="), form.token);
    CHECK_STR(STR("h"), form.hint);
}

TEST(form, takes_an_empty_value_for_none)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct form form = { 0 };
    CHECK_OK(form_read(mem, STR("token=a&hint="), fields, &form));
    CHECK(form.hint.ptr == NULL);
    CHECK_OK(form_read(mem, STR("token=12345678&hint"), fields, &form));
    CHECK_INT(8, form.token.len);
}

TEST(form, refuses_what_is_missing_doubled_broken_or_out_of_bounds)
{
    static const char *const refused[] = { "",
                                           "hint=a",
                                           "token=",
                                           "token",
                                           "token=a&",
                                           "&token=a",
                                           "token=a&token=a",
                                           "token=a&hint=&hint=b",
                                           "token=a&x=1&x=2",
                                           "token=a&%78=1&x=2",
                                           "token=%",
                                           "token=%4",
                                           "token=%zz",
                                           "token=%00",
                                           "token=%ff",
                                           "token=a&=b",
                                           "token=a&%00=b",
                                           "token=123456789",
                                           "TOKEN=a" };
    AUTO(arena) struct arena *mem = arena_new();
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct form form = { 0 };
        CHECK_END(ERR_INVALID, form_read(mem, str_of(refused[i]), fields, &form));
        CHECK_INT(WHY_OAUTH_REQUEST, note_get()->why);
    }
}

TEST(form, has_a_bound_of_pairs)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct form form = { 0 };
    struct str text = STR("token=a");
    for (int i = 0; i < FORM_PAIRS_MAX - 1; i++)
        text = arena_printf(mem, "%.*s&x%d=1", STR_ARG(text), i);
    CHECK_OK(form_read(mem, text, fields, &form));
    CHECK_END(ERR_INVALID, form_read(mem, arena_printf(mem, "%.*s&y", STR_ARG(text)), fields, &form));
}

TEST(basic, gives_both_halves_decoded_twice)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct str id = { 0 }, secret = { 0 };
    CHECK_OK(basic_read(mem, STR("YmlsbGluZzpzJTJCZWNyZXQr"), &id, &secret)); /* billing:s%2Becret+ */
    CHECK_STR(STR("billing"), id);
    CHECK_STR(STR("s+ecret "), secret);
    CHECK_OK(basic_read(mem, STR("YTpiOmM="), &id, &secret)); /* a:b:c */
    CHECK_STR(STR("a"), id);
    CHECK_STR(STR("b:c"), secret);
    CHECK_OK(basic_read(mem, STR("Og=="), &id, &secret)); /* : */
    CHECK(id.len == 0 && secret.len == 0);
}

TEST(basic, refuses_another_form)
{
    /* no padding, too much, inside, url alphabet, stray bits, blanks, no colon, a broken escape, NUL */
    static const char *const refused[] = { "",     "YTpiOmM",  "YTpiOmM==", "YT=iOmM=", "YTpi-_==", "Og=",
                                           "Oh==", "YTpi OmM", "====",      "YWJj",     "YTolNA==", "YTolMDA=" };
    AUTO(arena) struct arena *mem = arena_new();
    struct str id = { 0 }, secret = { 0 };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK_END(ERR_INVALID, basic_read(mem, str_of(refused[i]), &id, &secret));
    CHECK(id.ptr == NULL && secret.ptr == NULL);
}

RUN_TESTS(CASE(form, reads_what_the_table_names_and_ignores_the_rest), CASE(form, takes_an_empty_value_for_none),
          CASE(form, refuses_what_is_missing_doubled_broken_or_out_of_bounds), CASE(form, has_a_bound_of_pairs),
          CASE(basic, gives_both_halves_decoded_twice), CASE(basic, refuses_another_form))
