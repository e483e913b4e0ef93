#include "support/test.h"
#include "account/identity.h"
#include "base/clock.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define L63          "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define LOCAL64      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define X10(text)    text text text text text text text text text text

struct pair {
    struct str typed;
    const char *want; /* the canonical form, or the word of the refusal */
};

typedef enum err canonical(struct arena *mem, struct str typed, struct str *out);
typedef bool check(struct str value, struct fault *fault);

static void all_become(canonical *form, const struct pair *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(arena) struct arena *mem = arena_new();
        struct str got = { 0 };
        if (form(mem, table[i].typed, &got) != OK)
            FAIL_WITH("%.*s: %s", STR_ARG(table[i].typed), note_get()->text);
        CHECK_STR(str_of(table[i].want), got);
    }
}

static void all_refused(canonical *form, const struct pair *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(arena) struct arena *mem = arena_new();
        struct str got = { 0 };
        if (form(mem, table[i].typed, &got) != ERR_INVALID)
            FAIL_WITH("taken: %.*s", STR_ARG(table[i].typed));
        CHECK_STR(str_of(table[i].want), str_of(note_get()->text));
        CHECK(got.ptr == NULL);
    }
}

static void faulted(check *column, struct str value, const char *code)
{
    struct fault fault = { 0 };
    if (column(value, &fault))
        FAIL_WITH("taken: %.*s", STR_ARG(value));
    CHECK_STR(str_of(code), str_of(fault.code));
    CHECK(fault.message != NULL && fault.message[0] != '\0');
}

static void good(check *column, struct str value)
{
    struct fault fault = { 0 };
    if (!column(value, &fault))
        FAIL_WITH("refused: %.*s: %s", STR_ARG(value), fault.message);
    CHECK(fault.code == NULL);
}

TEST(email, has_one_form_for_all_ways_of_typing)
{
    static const struct pair table[] = {
        /* clang-format off */
        { STR("a@b.cd"), "a@b.cd" },
        { STR("Ada.LOVELACE+News@Example.COM"), "ada.lovelace+news@example.com" },
        { STR("!#$%&'*+-/=?^_`{|}~@example.com"), "!#$%&'*+-/=?^_`{|}~@example.com" },
        { STR("a@B\xC3\x9C" "cher.example"), "a@xn--bcher-kva.example" },
        { STR("a@bu\xCC\x88" "cher.example"), "a@xn--bcher-kva.example" },
        { STR("a@XN--BCHER-KVA.example"), "a@xn--bcher-kva.example" },
        { STR("a@stra\xC3\x9F" "e.de"), "a@xn--strae-oqa.de" },
        { STR("a@\xEF\xBD\x85xample\xE3\x80\x82" "com"), "a@example.com" },
        { STR("a@\xE9\x83\xB5\xE4\xBB\xB6.\xE5\x95\x86\xE5\x8B\x99"), "a@xn--5nqv22n.xn--lhr59c" },
        { STR("a@l\xC2\xB7l.cat"), "a@xn--ll-0ea.cat" },
        { STR("a@g--a.com"), "a@g--a.com" },
        { STR("\"A\"@b.com"), "a@b.com" },
        { STR("\"a.\\b\"@b.com"), "a.b@b.com" },
        { STR("\"A b\"@b.com"), "\"a b\"@b.com" },
        { STR("\"a@b\"@c.com"), "\"a@b\"@c.com" },
        { STR("\"\\\"\\\\\"@c.com"), "\"\\\"\\\\\"@c.com" },
        { STR("a@1.2.3.example"), "a@1.2.3.example" },
        { STR(LOCAL64 "@example.com"), LOCAL64 "@example.com" },
        { STR("a@" L63 ".com"), "a@" L63 ".com" },
        { STR(LOCAL64 "@" L63 "." L63 ".ddddddddddddddddddddddddddddddddddddddddddddddddddddddddd.com"),
              LOCAL64 "@" L63 "." L63 ".ddddddddddddddddddddddddddddddddddddddddddddddddddddddddd.com" },
        /* clang-format on */
    };
    all_become(email_canonical, table, COUNT(table));
}

TEST(email, refuses_what_is_no_mailbox)
{
    static const struct pair table[] = {
        /* clang-format off */
        { STR(""), "no_at" }, { STR("a"), "no_at" }, { STR("a.example.com"), "no_at" }, { STR("a\xEF\xBC\xA0" "b.com"), "no_at" },
        { STR("@"), "no_local" }, { STR("@example.com"), "no_local" },
        { STR("a@"), "domain_form" }, { STR("a@io"), "domain_form" }, { STR("a@."), "domain_form" }, { STR("a@.com"), "domain_form" },
        { STR("a@b..com"), "domain_form" }, { STR("a@b.com."), "domain_form" }, { STR("a@b.com\xEF\xBC\x8E"), "domain_form" },
        { STR("a@\xEF\xBC\x8E" "b.com"), "domain_form" },
        { STR("a@-b.com"), "domain_form" }, { STR("a@b-.com"), "domain_form" }, { STR("a@b.-c.com"), "domain_form" },
        { STR("a@yy--0.tld"), "domain_form" }, { STR("a@xn--0.tld"), "domain_form" }, { STR("a@xn--.com"), "domain_form" },
        { STR("a@127.0.0.1"), "domain_form" }, { STR("a@example.1"), "domain_form" }, { STR("a@127.0.0.0x1"), "domain_form" },
        { STR("a@\xEF\xBC\x91.2"), "domain_form" },
        { STR("a@" L63 "d.com"), "domain_form" },
        { STR("a@[127.0.0.1]"), "domain_characters" }, { STR("a@[IPv6:::1]"), "domain_characters" },
        { STR("a@b.com@c.com"), "domain_characters" }, { STR("a@@b.com"), "domain_characters" },
        { STR("a@exam_ple.com"), "domain_characters" }, { STR("a@ b.com"), "domain_characters" }, { STR("a@b.com "), "domain_characters" },
        { STR("a@b/c.com"), "domain_characters" }, { STR("a@b.com(c)"), "domain_characters" }, { STR("a@b.com>"), "domain_characters" },
        { STR("a@b.com,c@d.com"), "domain_characters" }, { STR("a@b.com\r\nBcc: c@d.com"), "domain_characters" },
        { STR("a@b.com\0"), "domain_characters" }, { STR("a@b.com\n"), "domain_characters" }, { STR("a@b\x7f.com"), "domain_characters" },
        { STR("a@b.com:25"), "domain_characters" }, { STR("a@b%2ecom"), "domain_characters" },
        { STR(" a@b.com"), "local_characters" }, { STR("a @b.com"), "local_characters" }, { STR(".a@b.com"), "local_characters" },
        { STR("a.@b.com"), "local_characters" }, { STR("a..b@b.com"), "local_characters" }, { STR("\"\"@b.com"), "local_characters" },
        { STR("\"a\x7f\"@b.com"), "local_characters" }, { STR("\"a\"b@b.com"), "no_at" }, { STR("\"a@b.com"), "no_at" },
        { STR("\"a\\\"@b.com"), "no_at" }, { STR("\"a\\\x07\"@b.com"), "local_characters" }, { STR("a\"b\"@b.com"), "local_characters" }, { STR("(c)a@b.com"), "local_characters" }, { STR("a\0@b.com"), "local_characters" },
        { STR("a\n@b.com"), "local_characters" }, { STR("A <a@b.com>"), "local_characters" }, { STR("a,c@b.com"), "local_characters" },
        { STR("a:c@b.com"), "local_characters" }, { STR("a;c@b.com"), "local_characters" }, { STR("a\\c@b.com"), "local_characters" },
        { STR("a[c]@b.com"), "local_characters" }, { STR("\xC3\xA9@b.com"), "local_characters" },
        { STR("\xEF\xBD\x81@b.com"), "local_characters" }, { STR("a\xCC\x80@b.com"), "local_characters" },
        { STR(LOCAL64 "a@b.com"), "local_too_long" },
        { STR("a@\xFF.com"), "not_utf8" }, { STR("\xC0\xAF@b.com"), "not_utf8" }, { STR("a@\xED\xA0\x80.com"), "not_utf8" },
        { STR(LOCAL64 "@" L63 "." L63 ".dddddddddddddddddddddddddddddddddddddddddddddddddddddddddd.com"), "too_long" },
        { STR(LOCAL64 "@" L63 "." L63 ".dddddddddddddddddddddddddddddddddddddddddddddddddd\xC3\xA9.com"), "too_long" },
        /* clang-format on */
    };
    all_refused(email_canonical, table, COUNT(table));
}

TEST(email, refuses_domains_that_deceive_the_eye)
{
    static const struct pair table[] = {
        /* clang-format off */
        { STR("a@exam\xE2\x80\x8Bple.com"), "domain_characters" },             /* zero width space */
        { STR("a@exam\xC2\xADple.com"), "domain_characters" },                 /* soft hyphen */
        { STR("a@exam\xE2\x80\x8Dple.com"), "domain_characters" },             /* zero width joiner */
        { STR("a@exam\xE2\x81\xA0ple.com"), "domain_characters" },             /* word joiner */
        { STR("a@exam\xEF\xBB\xBFple.com"), "domain_characters" },             /* zero width no-break space */
        { STR("a@exam\xEF\xB8\x8Fple.com"), "domain_characters" },             /* variation selector */
        { STR("a@\xE2\x80\xAE" "b.com"), "domain_characters" },                /* right-to-left override */
        { STR("a@\xE2\x81\xA6" "b.com"), "domain_characters" },                /* isolate */
        { STR("a@\xE3\x85\xA4" "b.com"), "domain_characters" },                /* Hangul filler */
        { STR("a@b\xC2\x85.com"), "domain_characters" },                       /* next line */
        { STR("a@b\xEE\x80\x80.com"), "domain_characters" },                   /* private use */
        { STR("a@b\xEF\xB7\x90.com"), "domain_characters" },                   /* no character */
        { STR("a@\xE2\x84\x80.com"), "domain_form" },                          /* a/c in one sign */
        { STR("a@\xCD\xBE.com"), "domain_form" },                              /* Greek question mark: ; */
        { STR("a@\xEF\xBC\xA0.com"), "domain_form" },                          /* full-width @ */
        { STR("a@b\xE2\x80\xA4" "com"), "domain_form" },                       /* one dot leader */
        { STR("a@\xF0\x9F\x92\xA9.la"), "domain_form" },                       /* a picture */
        { STR("a@\xE2\x80\x85.com"), "domain_form" },                          /* a wide space */
        { STR("a@\xCC\x80" "b.com"), "domain_form" },                          /* a mark at the front */
        { STR("a@\xD7\x90" "a.com"), "domain_form" },                          /* Hebrew and Latin: no bidi word */
        { STR("a@b\xE2\x89\xA0.com"), "domain_unreadable" },                   /* not equal */
        { STR("a@a\xC2\xB7" "a.cat"), "domain_unreadable" },                   /* middle dot elsewhere */
        { STR("a@ex\xD0\xB0mple.com"), "domain_unreadable" },                  /* Cyrillic a among Latin */
        { STR("a@xn--exmple-4nf.com"), "domain_unreadable" },                  /* the same as A-label */
        { STR("a@\xCE\xBFrange.com"), "domain_unreadable" },                   /* Greek omicron among Latin */
        /* clang-format on */
    };
    all_refused(email_canonical, table, COUNT(table));
}

TEST(email, takes_a_domain_of_one_alphabet)
{
    static const struct pair table[] = {
        { STR("a@\xD0\xBF\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0.\xD1\x80\xD1\x84"), "a@xn--80a1acny.xn--p1ai" },
        { STR("a@\xD0\xBF\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0.com"), "a@xn--80a1acny.com" },
        { STR("a@\xCE\xB5\xCE\xB5\xCF\x84\xCF\x84.gr"), "a@xn--qxaa9ba.gr" },
    };
    all_become(email_canonical, table, COUNT(table));
}

TEST(email, column_tells_the_code)
{
    good(email_check, STR("a@b.cd"));
    faulted(email_check, STR("a"), "invalid_email");
    faulted(email_check, STR("a@b"), "invalid_email");
}

TEST(username, has_one_form_for_all_ways_of_typing)
{
    static const struct pair table[] = {
        /* clang-format off */
        { STR("abc"), "abc" },
        { STR("Ada.Lovelace_1815-12+x"), "ada.lovelace_1815-12+x" },
        { STR("_a_"), "_a_" },
        { STR("\xEF\xBC\xA1\xEF\xBC\xA4\xEF\xBC\xA1"), "ada" },
        { STR("stra\xC3\x9F" "e"), "strasse" },
        { STR("A\xCC\x8Angstrom"), "\xC3\xA5ngstrom" },
        { STR("\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD"), "\xD0\xB8\xD0\xB2\xD0\xB0\xD0\xBD" },
        { STR("\xE5\xB1\xB1\xE7\x94\xB0\xE5\xA4\xAA" "a"), "\xE5\xB1\xB1\xE7\x94\xB0\xE5\xA4\xAA" "a" },
        { STR(X10("abcde")), X10("abcde") },
        { STR(X10("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9")), X10("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9") },
        /* clang-format on */
    };
    all_become(username_canonical, table, COUNT(table));
}

TEST(username, refuses_what_is_short_long_or_strange)
{
    static const struct pair table[] = {
        /* clang-format off */
        { STR(""), "length" }, { STR("ab"), "length" }, { STR("\xC3\xA9\xC3\xA9"), "length" }, { STR(X10("abcde") "f"), "length" },
        { STR(X10("abcde") "\xCC\x80"), "length" },
        { STR("e\xCC\x81" "e"), "length" },                                   /* three as typed, two in NFKC */
        { STR(X10("\xEF\xAC\x83\xEF\xAC\x83") ), "length" },                   /* twenty ligatures of three letters */
        { STR("a b"), "characters" }, { STR("abc "), "characters" }, { STR("\tabc"), "characters" }, { STR("abc\n"), "characters" },
        { STR("abc\0"), "characters" }, { STR("a/b/c"), "characters" }, { STR("<abc>"), "characters" }, { STR("a'b\"c"), "characters" },
        { STR("abc\\"), "characters" }, { STR("ab%20"), "characters" }, { STR("a,b;c"), "characters" },
        { STR("ada@example.com"), "characters" }, { STR("ada\xEF\xBC\xA0" "example.com"), "characters" },
        { STR("..."), "characters" }, { STR("_-_"), "characters" }, { STR("\xCC\x80" "bc"), "characters" },
        { STR("ab\xE2\x80\x8B" "c"), "characters" }, { STR("ab\xE2\x80\xAE" "c"), "characters" }, { STR("ab\xC2\xAD" "c"), "characters" },
        { STR("ab\xE3\x85\xA4" "c"), "characters" }, { STR("ab\xCD\x8F" "c"), "characters" }, { STR("ab\xEF\xB8\x8F" "c"), "characters" },
        { STR("ab\xF0\x9F\x92\xA9"), "characters" }, { STR("ab\xEE\x80\x80"), "characters" }, { STR("ab\xC2\xA0" "c"), "characters" },
        { STR("p\xD0\xB0ypal"), "mixed_alphabets" }, { STR("\xCE\xBFrange"), "mixed_alphabets" },
        { STR("abc\xFF"), "not_utf8" }, { STR("abc\xED\xA0\x80"), "not_utf8" },
        /* clang-format on */
    };
    all_refused(username_canonical, table, COUNT(table));
}

TEST(username, column_tells_the_code)
{
    good(username_check, STR("abc"));
    faulted(username_check, STR("ab"), "invalid_username");
    faulted(username_check, STR("a@b.cd"), "invalid_username");
}

TEST(name, takes_how_people_are_called)
{
    static const struct str table[] = {
        STR("X"),
        STR("Ada Lovelace"),
        STR("Se\xC3\xA1n O'Brien, Jr."),
        STR("\xE5\xB1\xB1\xE7\x94\xB0"),
        STR("\xE8\x91\x9B\xF3\xA0\x84\x80"),
        STR("\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xB1"),
        STR(" padded "),
        STR("<b>&"),
        STR(X10("12345678901234567890")),
    };
    for (size_t i = 0; i < COUNT(table); i++)
        good(name_check, table[i]);
}

TEST(name, refuses_the_blank_and_the_hidden)
{
    static const struct str table[] = {
        /* clang-format off */
        STR(""), STR(" "), STR("\xC2\xA0\xE3\x80\x80"), STR("\xE2\x80\x8D"), STR("\xE2\x80\x8C \xE2\x80\x8C"), STR("\xE2\xA0\x80"), STR("\xCC\x80"),
        STR("\xEF\xB8\x8F"), STR("a\nb"), STR("a\tb"), STR("a\0b"), STR("a\x7f"), STR("a\x1b[31m"), STR("a\xC2\x85"), STR("a\xE2\x80\xA8" "b"),
        STR("a\xE2\x80\xA9" "b"), STR("a\xE2\x80\xAE" "b"), STR("a\xE2\x80\xAD" "b"), STR("a\xE2\x81\xA6" "b"), STR("a\xE2\x80\x8E" "b"),
        STR("a\xD8\x9C" "b"), STR("a\xE2\x80\x8B" "b"), STR("a\xEF\xBB\xBF" "b"), STR("a\xC2\xAD" "b"), STR("a\xE3\x85\xA4" "b"),
        STR("a\xF3\xA0\x81\x81"), STR("a\xEE\x80\x80"), STR("a\xEF\xBF\xBF"), STR("a\xFF"), STR("a\xED\xA0\x80"),
        STR(X10("12345678901234567890") "1"),
        /* clang-format on */
    };
    for (size_t i = 0; i < COUNT(table); i++)
        faulted(name_check, table[i], "invalid_name");
}

TEST(name, is_kept_in_nfc)
{
    AUTO(arena) struct arena *mem = arena_new();
    CHECK_STR(STR("\xC3\xA9 Z"), name_nfc(mem, STR("e\xCC\x81 Z")));
    CHECK_STR(STR("\xEF\xBC\xA1"), name_nfc(mem, STR("\xEF\xBC\xA1")));
}

TEST(date_of_birth, takes_dates_that_were)
{
    static const struct str table[] = { STR("1900-01-01"), STR("1900-01-01T00:00:00Z"), STR("2000-02-29"),
                                        STR("1990-12-31"), STR("1990-12-31T23:59:59.123+14:00") };
    for (size_t i = 0; i < COUNT(table); i++)
        good(date_of_birth_check, table[i]);
}

TEST(date_of_birth, refuses_what_is_no_date)
{
    static const struct str table[] = {
        STR(""),
        STR("1990"),
        STR("1990-1-1"),
        STR("1990-13-01"),
        STR("1990-00-01"),
        STR("1990-01-00"),
        STR("1990-04-31"),
        STR("1900-02-29"),
        STR("2001-02-29"),
        STR("31.12.1990"),
        STR("1990/12/31"),
        STR("1990-12-31 "),
        STR(" 1990-12-31"),
        STR("1990-12-31T"),
        STR("1990-12-31T00:00:00"),
        STR("19901231"),
        STR("+990-12-31"),
        STR("1990-12-31\0"),
        STR("1990-12-31T25:00:00Z"),
        STR("0000-01-01"),
        STR("yesterday"),
        STR("-1-01-01"),
        STR("1990-12-31 00:00Z"),
        STR("12345-01-01"),
    };
    for (size_t i = 0; i < COUNT(table); i++)
        faulted(date_of_birth_check, table[i], "invalid_date");
}

TEST(date_of_birth, ends_at_1900_and_at_today)
{
    char today[CLOCK_TEXT_MAX], tomorrow[CLOCK_TEXT_MAX];
    const int64_t day_us = 86400 * SECOND_US, now_us = clock_now_us();
    clock_format(now_us, today);
    clock_format(now_us + day_us, tomorrow);
    struct fault fault = { 0 };
    const bool too_late = !date_of_birth_check((struct str){ tomorrow, 10 }, &fault);

    CHECK(too_late || clock_now_us() / day_us > now_us / day_us); /* midnight may have come between */
    good(date_of_birth_check, (struct str){ today, 10 });
    faulted(date_of_birth_check, STR("1899-12-31"), "too_early");
    faulted(date_of_birth_check, STR("0001-01-01"), "too_early");
    faulted(date_of_birth_check, STR("9999-12-31"), "in_the_future");
    faulted(date_of_birth_check, STR("9999-12-31T23:59:59-23:59"), "in_the_future");
}

RUN_TESTS(CASE(email, has_one_form_for_all_ways_of_typing), CASE(email, refuses_what_is_no_mailbox),
          CASE(email, refuses_domains_that_deceive_the_eye), CASE(email, takes_a_domain_of_one_alphabet),
          CASE(email, column_tells_the_code), CASE(username, has_one_form_for_all_ways_of_typing),
          CASE(username, refuses_what_is_short_long_or_strange), CASE(username, column_tells_the_code),
          CASE(name, takes_how_people_are_called), CASE(name, refuses_the_blank_and_the_hidden),
          CASE(name, is_kept_in_nfc), CASE(date_of_birth, takes_dates_that_were),
          CASE(date_of_birth, refuses_what_is_no_date), CASE(date_of_birth, ends_at_1900_and_at_today))
