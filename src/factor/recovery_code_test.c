#include "factor/recovery_code.h"
#include "crypto/random.h"
#include "support/test.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define USER         STR("019aa000-0000-7000-8abc-0123456789ef")

static const struct mac_key key = { { 1 } }, other_key = { { 2 } };

static struct digest digest_of_typed(const char *typed)
{
    struct recovery_code code;
    CHECK(recovery_code_read(str_of(typed), &code));
    return recovery_code_digest(&key, USER, &code);
}

TEST(recovery_code, has_120_bits_in_groups_that_people_can_read)
{
    struct recovery_code code = recovery_code_new(), back;
    char text[RECOVERY_CODE_TEXT_MAX];
    recovery_code_text(&code, text);
    CHECK_INT(29, strlen(text));
    for (size_t i = 0; i < 29; i++)
        CHECK(i % 5 == 4 ? text[i] == '-' : strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", text[i]) != NULL);
    CHECK(recovery_code_read(str_of(text), &back));
    CHECK_STR(str_of(code.chars), str_of(back.chars));
}

/* Chi-square with 31 degrees of freedom: 80 is passed once in 10^6 by an even source. */
TEST(recovery_code, takes_every_character_as_often)
{
    double seen[128] = { 0 }, sum = 0;
    const int codes = 10000;
    for (int n = 0; n < codes; n++) {
        struct recovery_code code = recovery_code_new();
        for (size_t i = 0; i < RECOVERY_CODE_CHARS; i++)
            seen[(unsigned char)code.chars[i]]++;
    }
    const double due = codes * RECOVERY_CODE_CHARS / 32.0;
    for (const char *c = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *c != '\0'; c++)
        sum += (seen[(unsigned char)*c] - due) * (seen[(unsigned char)*c] - due) / due;
    CHECK(sum < 80);
}

TEST(recovery_code, is_the_same_however_it_is_typed)
{
    static const char *const same[] = {
        "0123-4567-89AB-CDEF-GHJK-MNPQ", "0123456789ABCDEFGHJKMNPQ",      "0123 4567 89ab cdef ghjk mnpq",
        "oi23-4567-89ab-cdef-ghjk-mnpq", "OL23-4567-89AB-CDEF-GHJK-MNPQ", " 01-23456789abcdefghjkmnp q-",
    };
    const struct digest want = digest_of_typed(same[0]);
    for (size_t i = 1; i < COUNT(same); i++) {
        const struct digest got = digest_of_typed(same[i]);
        CHECK(digest_equal(&want, &got));
    }
}

TEST(recovery_code, of_another_form_is_none)
{
    static const char *const bad[] = {
        "",
        "----------------------------",
        "0123-4567-89AB-CDEF-GHJK-MNP",
        "0123-4567-89AB-CDEF-GHJK-MNPQR",
        "U123-4567-89AB-CDEF-GHJK-MNPQ",
        "0123_4567_89AB_CDEF_GHJK_MNPQ",
        "0123-4567-89AB-CDEF-GHJK-MNP\303\211",
        "0123-4567-89AB-CDEF-GHJK-MNP\n",
        "123456",
    };
    struct recovery_code code = { "untouched" };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!recovery_code_read(str_of(bad[i]), &code));
    CHECK(!recovery_code_read((struct str){ "0123-4567-89AB-CDEF-GHJK-MNP\0", 29 }, &code));
    CHECK(!recovery_code_read((struct str){ NULL, 0 }, &code));
    CHECK_STR(STR("untouched"), str_of(code.chars));
}

TEST(recovery_code, has_another_digest_for_another_account_key_or_character)
{
    struct recovery_code code, other;
    CHECK(recovery_code_read(STR("0123-4567-89AB-CDEF-GHJK-MNPQ"), &code));
    const struct digest own = recovery_code_digest(&key, USER, &code);
    struct digest got = recovery_code_digest(&other_key, USER, &code);
    CHECK(!digest_equal(&own, &got));
    got = recovery_code_digest(&key, STR("019aa000-0000-7000-8abc-0123456789ee"), &code);
    CHECK(!digest_equal(&own, &got));
    for (size_t i = 0; i < RECOVERY_CODE_CHARS; i++) {
        other = code;
        other.chars[i] = 'Z';
        got = recovery_code_digest(&key, USER, &other);
        CHECK(!digest_equal(&own, &got));
    }
}

int main(void)
{
    crypto_setup();
    const struct CMUnitTest tests[] = {
        CASE(recovery_code, has_120_bits_in_groups_that_people_can_read),
        CASE(recovery_code, takes_every_character_as_often),
        CASE(recovery_code, is_the_same_however_it_is_typed),
        CASE(recovery_code, of_another_form_is_none),
        CASE(recovery_code, has_another_digest_for_another_account_key_or_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
