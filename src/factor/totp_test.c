#include "factor/totp.h"
#include "crypto/random.h"
#include "support/test.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOW          INT64_C(1111111111)

/* RFC 6238 appendix B has 8 digits; 6 digits are the last of them (RFC 4226 5.3: "modulo 10^d"). */
static const struct vector {
    int64_t at;
    const char *code;
} vectors[] = {
    { 59, "287082" },         { 1111111109, "081804" }, { 1111111111, "050471" },
    { 1234567890, "005924" }, { 2000000000, "279037" }, { INT64_C(20000000000), "353130" },
};

static struct secret rfc_secret(void)
{
    return secret_copy(STR("12345678901234567890"));
}

static struct totp_code code_of(const char *digits)
{
    struct totp_code code;
    CHECK(totp_code_read(str_of(digits), &code));
    return code;
}

TEST(totp, knows_the_codes_of_the_standard)
{
    AUTO(secret) struct secret secret = rfc_secret();
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct totp_code code = code_of(vectors[i].code);
        struct totp_found found = { 0 };
        CHECK_OK(totp_find(&secret, vectors[i].at, &code, &found));
        CHECK_INT(0, found.distance);
        CHECK_INT(vectors[i].at / 30, found.step);
    }
}

TEST(totp, takes_the_step_before_and_none_ahead)
{
    AUTO(secret) struct secret secret = rfc_secret();
    struct totp_code code = code_of("050471");
    const int64_t begins = NOW / 30 * 30;
    const struct {
        int64_t now;
        int distance;
        bool timely;
    } cases[] = {
        { begins, 0, true },       { begins + 29, 0, true },    { begins + 30, -1, true },
        { begins + 59, -1, true }, { begins + 60, -2, false },  { begins - 1, 1, false },
        { begins - 31, 2, false }, { begins - 300, 10, false }, { begins + 329, -10, false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct totp_found found = { 0 };
        CHECK_OK(totp_find(&secret, cases[i].now, &code, &found));
        CHECK_INT(cases[i].distance, found.distance);
        CHECK_INT(NOW / 30, found.step);
        CHECK_INT(cases[i].timely, totp_is_timely(&found));
    }
}

TEST(totp, does_not_know_a_code_of_long_ago_or_of_another_secret)
{
    AUTO(secret) struct secret secret = rfc_secret();
    AUTO(secret) struct secret other = secret_copy(STR("12345678901234567891"));
    struct totp_code code = code_of("050471");
    struct totp_found found = { .step = -1, .distance = 99 };
    CHECK_END(ERR_DENIED, totp_find(&secret, NOW / 30 * 30 + 330, &code, &found));
    CHECK_END(ERR_DENIED, totp_find(&secret, NOW / 30 * 30 - 301, &code, &found));
    CHECK_END(ERR_DENIED, totp_find(&other, NOW, &code, &found));
    CHECK(found.step == -1 && found.distance == 99);
}

TEST(totp, refuses_every_other_digit)
{
    AUTO(secret) struct secret secret = rfc_secret();
    struct totp_code code = code_of("050471");
    struct totp_found found;
    for (size_t i = 0; i < TOTP_DIGITS; i++)
        for (char digit = '0'; digit <= '9'; digit++) {
            struct totp_code other = code;
            other.digits[i] = digit;
            CHECK_INT(digit == code.digits[i] ? OK : ERR_DENIED, totp_find(&secret, NOW, &other, &found));
        }
}

TEST(totp_code, is_read_with_blanks_where_apps_show_them)
{
    static const char *const good[] = { "123456", "123 456", " 12 34 56 " };
    static const char *const bad[] = { "",        " ",       "12345",  "1234567",  "12345a", "-12345",
                                       "123-456", "123.456", "١٢٣٤٥٦", "123456\n", "0x1234", "+12345" };
    struct totp_code code;
    for (size_t i = 0; i < COUNT(good); i++) {
        CHECK(totp_code_read(str_of(good[i]), &code));
        CHECK_STR(STR("123456"), str_of(code.digits));
    }
    code = (struct totp_code){ "untidy" };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!totp_code_read(str_of(bad[i]), &code));
    CHECK(!totp_code_read((struct str){ "123\000456", 7 }, &code));
    CHECK(!totp_code_read((struct str){ NULL, 0 }, &code));
    CHECK_STR(STR("untidy"), str_of(code.digits));
}

TEST(totp_secret, has_160_bits_and_is_another_each_time)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret one = totp_secret_new();
    AUTO(secret) struct secret two = totp_secret_new();
    CHECK_INT(20, one.len);
    CHECK(!str_equal(secret_view(&one), secret_view(&two)));
    CHECK_INT(32, totp_secret_text(mem, &one).len); /* no padding */
}

TEST(totp_secret, is_told_in_base32)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret secret = rfc_secret();
    CHECK_STR(STR("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), totp_secret_text(mem, &secret));
}

TEST(totp_uri, names_issuer_and_account_and_what_apps_take_for_granted)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret secret = rfc_secret();
    CHECK_STR(STR("otpauth://totp/Postern:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Postern"
                  "&algorithm=SHA1&digits=6&period=30"),
              totp_uri(mem, STR("Postern"), STR("ada@example.com"), &secret));
}

TEST(totp_uri, is_not_broken_by_what_is_in_a_name)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(secret) struct secret secret = rfc_secret();
    CHECK_STR(STR("otpauth://totp/A%26B-%20%C3%A9%3F:%3Ax%2F%23%25?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                  "&issuer=A%26B-%20%C3%A9%3F&algorithm=SHA1&digits=6&period=30"),
              totp_uri(mem, STR("A&B: \303\251?"), STR(":x/#%"), &secret));
}

int main(void)
{
    crypto_setup();
    totp_setup();
    const struct CMUnitTest tests[] = {
        CASE(totp, knows_the_codes_of_the_standard),
        CASE(totp, takes_the_step_before_and_none_ahead),
        CASE(totp, does_not_know_a_code_of_long_ago_or_of_another_secret),
        CASE(totp, refuses_every_other_digit),
        CASE(totp_code, is_read_with_blanks_where_apps_show_them),
        CASE(totp_secret, has_160_bits_and_is_another_each_time),
        CASE(totp_secret, is_told_in_base32),
        CASE(totp_uri, names_issuer_and_account_and_what_apps_take_for_granted),
        CASE(totp_uri, is_not_broken_by_what_is_in_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
