#include "support/test.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/field.h"
#include "base/secret.h"

TEST(str, splits_at_the_mark_and_keeps_empty_parts)
{
    struct str rest = STR("a,,b"), part;
    CHECK(str_split(&rest, ',', &part));
    CHECK_STR(STR("a"), part);
    CHECK(str_split(&rest, ',', &part));
    CHECK_STR(STR(""), part);
    CHECK(str_split(&rest, ',', &part));
    CHECK_STR(STR("b"), part);
    CHECK(!str_split(&rest, ',', &part));
}

TEST(str, reads_only_plain_decimal_numbers_within_bounds)
{
    static const char *const refused[] = { "", "-1", "+1", " 1", "1 ", "0x1", "1.0", "11", "1234567890123456789" };
    int64_t got = 7;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK(!str_to_int(str_of(refused[i]), 0, 10, &got));
    CHECK_INT(7, got);
    CHECK(str_to_int(STR("10"), 0, 10, &got));
    CHECK_INT(10, got);
}

TEST(str, knows_well_formed_utf8)
{
    static const char *const refused[] = { "\x80",
                                           "\xc0\xaf",
                                           "\xc1\xbf",
                                           "\xe0\x9f\xbf",
                                           "\xed\xa0\x80",
                                           "\xf0\x8f\xbf\xbf",
                                           "\xf4\x90\x80\x80",
                                           "\xf5\x80\x80\x80",
                                           "\xe2\x82",
                                           "a\xff" };
    static const char *const taken[] = {
        "", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\x91", "\xf4\x8f\xbf\xbf"
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK(!str_utf8_ok(str_of(refused[i])));
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        CHECK(str_utf8_ok(str_of(taken[i])));
    CHECK_INT(2, str_code_points(STR("\xc3\xa9\xf0\x9f\x94\x91")));
}

TEST(arena, gives_zeroed_memory_over_many_chunks)
{
    AUTO(arena) struct arena *mem = arena_new();
    for (size_t size = 0; size < 20000; size += 997) {
        char *at = arena_take(mem, size);
        for (size_t i = 0; i < size; i++)
            CHECK_INT(0, at[i]);
        memset(at, 'x', size);
    }
    CHECK_STR(STR("7 of 9"), arena_printf(mem, "%d of %d", 7, 9));
}

TEST(buf, grows_and_keeps_what_it_had)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct buf b = buf_new(mem, 1);
    buf_add(&b, STR("ab"));
    buf_add_char(&b, '-');
    buf_add_int(&b, INT64_MIN);
    buf_printf(&b, " %s", "end");
    CHECK_STR(STR("ab--9223372036854775808 end"), buf_str(&b));
}

TEST(clock, takes_dates_that_exist_and_keeps_the_date_of_a_date_time)
{
    char date[11] = "";
    static const char *const refused[] = { "1990-02-30",
                                           "1900-02-29",
                                           "0000-01-01",
                                           "1990-13-01",
                                           "1990-1-1",
                                           "19900101",
                                           "1990-01-01T",
                                           "1990-01-01T25:00:00Z",
                                           "1990-01-01 ",
                                           "1990-01-01T00:00:00",
                                           "1990-01-01T00:00:00+24:00",
                                           "" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK(!clock_parse_date(str_of(refused[i]), date));
    CHECK(clock_parse_date(STR("2000-02-29"), date));
    CHECK(clock_parse_date(STR("1990-05-15T23:59:59.999+02:00"), date));
    CHECK_STR(STR("1990-05-15"), str_of(date));
    CHECK_INT(7439, clock_days(date));
}

TEST(clock, formats_what_it_parses)
{
    static const char *const texts[] = { "1970-01-01T00:00:00.000Z", "2026-11-21T03:08:05.123Z",
                                         "2000-02-29T23:59:59.999Z", "1969-12-31T23:59:59.001Z",
                                         "9999-12-31T23:59:59.999Z" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t at = 0;
        char again[CLOCK_TEXT_MAX];
        CHECK(clock_parse(str_of(texts[i]), &at));
        clock_format(at, again);
        CHECK_STR(str_of(texts[i]), str_of(again));
    }
    int64_t east = 0, utc = 0;
    CHECK(clock_parse(STR("2026-11-21T05:08:05+02:00"), &east) && clock_parse(STR("2026-11-21T03:08:05Z"), &utc));
    CHECK_INT(utc, east);
}

TEST(str, tells_how_far_two_words_are_apart)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        { "", "", 0 },           { "", "abc", 3 },     { "abc", "", 3 },           { "serve", "serve", 0 },
        { "sevre", "serve", 2 }, { "user", "usr", 1 }, { "kitten", "sitting", 3 }, { "config", "key", 6 },
    };
    char long_a[200], long_b[200];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_INT(rows[i].distance, str_distance(str_of(rows[i].a), str_of(rows[i].b)));
    memset(long_a, 'a', sizeof long_a);
    memset(long_b, 'b', sizeof long_b);
    for (size_t len = STR_DISTANCE_MAX - 1; len <= STR_DISTANCE_MAX + 1; len++) {
        size_t counted = len < STR_DISTANCE_MAX ? len : STR_DISTANCE_MAX;
        CHECK_INT(counted, str_distance((struct str){ long_a, len }, (struct str){ long_b, len }));
    }
}

TEST(note, keeps_the_reason_of_a_refusal)
{
    CHECK_END(ERR_CONFLICT, refuse(WHY_EMAIL_TAKEN));
    CHECK_STR(STR("Email already registered"), str_of(why_sentence(note_get()->why)));
    CHECK_END(ERR_INTERNAL, fail(ERR_INTERNAL, "open %s", "x"));
    CHECK_STR(STR("open x"), str_of(note_get()->text));
    CHECK_INT(WHY_NONE, note_get()->why);
}

TEST(note, keeps_what_would_do_until_the_next_one)
{
    CHECK_END(ERR_UNAUTHENTICATED, refuse_until(WHY_SIGNIN_NOT_RECENT, "aal2", 300));
    CHECK_STR(STR("aal2"), str_of(note_get()->acr));
    CHECK_INT(300, note_get()->max_age_s);
    CHECK_INT(0, note_get()->retry_after_s);
    CHECK_END(ERR_LIMITED, refuse_for(WHY_RATE_LIMITED, 7));
    CHECK(note_get()->acr == NULL && note_get()->max_age_s == 0 && note_get()->retry_after_s == 7);
    CHECK_END(ERR_UNAUTHENTICATED, refuse_with(WHY_TOKEN_INVALID, "bad_sig"));
    CHECK_STR(STR("bad_sig"), str_of(note_get()->text));
    CHECK(note_get()->why == WHY_TOKEN_INVALID && note_get()->retry_after_s == 0);
}

TEST(faults, stop_at_their_bound)
{
    struct faults faults = { 0 };
    for (int i = 0; i < FAULTS_MAX + 5; i++)
        faults_add(&faults, STR("f"), "c", "m");
    CHECK_INT(FAULTS_MAX, faults.count);
}

TEST(secret, ends_in_a_nul_and_is_empty_after_drop)
{
    struct secret s = secret_copy(STR("abc"));
    CHECK_INT(0, s.ptr[3]);
    secret_drop(&s);
    CHECK(s.ptr == NULL && s.len == 0);
    secret_drop(&s);
}

RUN_TESTS(CASE(str, splits_at_the_mark_and_keeps_empty_parts),
          CASE(str, reads_only_plain_decimal_numbers_within_bounds), CASE(str, knows_well_formed_utf8),
          CASE(str, tells_how_far_two_words_are_apart), CASE(arena, gives_zeroed_memory_over_many_chunks),
          CASE(buf, grows_and_keeps_what_it_had), CASE(clock, takes_dates_that_exist_and_keeps_the_date_of_a_date_time),
          CASE(clock, formats_what_it_parses), CASE(note, keeps_the_reason_of_a_refusal),
          CASE(note, keeps_what_would_do_until_the_next_one), CASE(faults, stop_at_their_bound),
          CASE(secret, ends_in_a_nul_and_is_empty_after_drop))
