#include "ticket/ticket.h"
#include "base/clock.h"
#include "crypto/random.h"
#include "support/test.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOW          INT64_C(1795230000000000)
#define SESSION      STR("019aa000-0000-7000-8abc-0123456789ef")

static const struct ticket_key key = { { { 1 } }, 7 }, other_key = { { { 2 } }, 7 };

static struct visit at(struct arena *mem, int64_t now_us)
{
    return (struct visit){ .mem = mem, .now_us = now_us };
}

static struct ticket wish(void)
{
    return (struct ticket){
        .purpose = TICKET_STEP_UP, .user_id = 42, .token_version = 3, .session_id = SESSION, .data = STR("a\0b")
    };
}

static struct str sealed(struct arena *mem, const struct ticket *t)
{
    const struct visit v = at(mem, NOW);
    struct str text = { 0 };
    CHECK_OK(ticket_seal(&key, &v, t, &text));
    return text;
}

static enum err opened(struct arena *mem, enum ticket_purpose purpose, struct str text, struct ticket *out)
{
    const struct visit v = at(mem, NOW + 1);
    return ticket_open(&key, &v, purpose, text, out);
}

TEST(ticket, says_what_was_sealed)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct ticket in = wish(), got = { 0 };
    const struct str text = sealed(mem, &in);
    CHECK_OK(opened(mem, TICKET_STEP_UP, text, &got));
    CHECK_INT(TICKET_STEP_UP, got.purpose);
    CHECK_INT(42, got.user_id);
    CHECK_INT(3, got.token_version);
    CHECK_STR(SESSION, got.session_id);
    CHECK_STR(STR("a\0b"), got.data);
    CHECK_INT(NOW + TICKET_TTL_S * SECOND_US, got.expires_at_us);
    CHECK_INT(7, got.epoch);
    CHECK(!str_contains(text, STR("a")) || !str_contains(text, SESSION));
}

TEST(ticket, may_be_of_nobody_and_hold_nothing)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct ticket in = { .purpose = TICKET_PASSKEY_SIGNUP, .user_id = 0, .token_version = -1 }, got = { 0 };
    CHECK_OK(opened(mem, TICKET_PASSKEY_SIGNUP, sealed(mem, &in), &got));
    CHECK_INT(0, got.user_id);
    CHECK_INT(-1, got.token_version);
    CHECK(got.session_id.ptr == NULL);
    CHECK_INT(0, got.data.len);
}

TEST(ticket, of_the_greatest_length_fits_and_a_longer_one_is_refused)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct visit v = at(mem, NOW);
    struct ticket in = wish(), got = { 0 };
    struct str text = { 0 };
    in.data = (struct str){ arena_take(mem, TICKET_DATA_MAX + 1), TICKET_DATA_MAX };
    text = sealed(mem, &in);
    CHECK(text.len <= TICKET_MAX);
    CHECK_OK(opened(mem, TICKET_STEP_UP, text, &got));
    CHECK_INT(TICKET_DATA_MAX, got.data.len);
    in.data.len++;
    CHECK_END(ERR_INVALID, ticket_seal(&key, &v, &in, &text));
    in.data.len = 0;
    in.session_id = STR("019aa000-0000-7000-8abc-0123456789ef+");
    CHECK_END(ERR_INVALID, ticket_seal(&key, &v, &in, &text));
}

TEST(ticket, is_another_each_time)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct ticket in = wish();
    CHECK(!str_equal(sealed(mem, &in), sealed(mem, &in)));
}

TEST(ticket, of_one_purpose_opens_as_no_other)
{
    AUTO(arena) struct arena *mem = arena_new();
    for (int made = TICKET_SECOND_STEP; made <= TICKET_TOTP_ENROL; made++)
        for (int shown = TICKET_SECOND_STEP; shown <= TICKET_TOTP_ENROL; shown++) {
            struct ticket in = wish(), got = { 0 };
            in.purpose = (enum ticket_purpose)made;
            CHECK_END(made == shown ? OK : ERR_DENIED, opened(mem, (enum ticket_purpose)shown, sealed(mem, &in), &got));
        }
}

TEST(ticket, ends_after_its_minutes)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct ticket in = wish(), got = { 0 };
    const struct str text = sealed(mem, &in);
    const struct visit last = at(mem, NOW + TICKET_TTL_S * SECOND_US - 1), past = at(mem, last.now_us + 1);
    CHECK_OK(ticket_open(&key, &last, TICKET_STEP_UP, text, &got));
    got.user_id = 0;
    CHECK_END(ERR_EXPIRED, ticket_open(&key, &past, TICKET_STEP_UP, text, &got));
    CHECK_INT(0, got.user_id); /* untouched on failure */
}

TEST(ticket, of_another_key_is_none)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct visit v = at(mem, NOW);
    struct ticket in = wish(), got = { 0 };
    CHECK_END(ERR_DENIED, ticket_open(&other_key, &v, TICKET_STEP_UP, sealed(mem, &in), &got));
}

/* Every character counts: those of the id, which makes the key, and those of the box. */
TEST(ticket, with_one_character_changed_is_none)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct ticket in = wish(), got = { 0 };
    const struct str text = sealed(mem, &in);
    for (size_t i = 0; i < text.len; i++) {
        char *copy = arena_take(mem, text.len);
        memcpy(copy, text.ptr, text.len);
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        CHECK_END(ERR_DENIED, opened(mem, TICKET_STEP_UP, (struct str){ copy, text.len }, &got));
    }
}

/* The first half of one and the second of another are no third. */
TEST(ticket, is_not_put_together_from_two)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct ticket in = wish(), got = { 0 };
    const struct str one = sealed(mem, &in), two = sealed(mem, &in);
    const struct str both = arena_printf(mem, "%.*s%.*s", 22, one.ptr, STR_ARG(str_slice(two, 22, two.len)));
    CHECK_END(ERR_DENIED, opened(mem, TICKET_STEP_UP, both, &got));
}

TEST(ticket, of_any_other_form_is_none)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct ticket in = wish(), got = { 0 };
    const struct str text = sealed(mem, &in);
    const struct str refused[] = {
        (struct str){ 0 },
        STR(""),
        STR("AAAAAAAAAAAAAAAAAAAAAA"),
        STR("AAAAAAAAAAAAAAAAAAAAAAA"),
        str_slice(text, 0, text.len - 1),
        str_slice(text, 1, text.len),
        arena_printf(mem, "%.*sA", STR_ARG(text)),
        arena_printf(mem, "%.*s=", STR_ARG(text)),
        arena_printf(mem, " %.*s", STR_ARG(text)),
        (struct str){ arena_take(mem, TICKET_MAX + 1), TICKET_MAX + 1 },
    };
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK_END(ERR_DENIED, opened(mem, TICKET_STEP_UP, refused[i], &got));
    CHECK_INT(0, got.user_id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ticket, says_what_was_sealed),
        CASE(ticket, may_be_of_nobody_and_hold_nothing),
        CASE(ticket, of_the_greatest_length_fits_and_a_longer_one_is_refused),
        CASE(ticket, is_another_each_time),
        CASE(ticket, of_one_purpose_opens_as_no_other),
        CASE(ticket, ends_after_its_minutes),
        CASE(ticket, of_another_key_is_none),
        CASE(ticket, with_one_character_changed_is_none),
        CASE(ticket, is_not_put_together_from_two),
        CASE(ticket, of_any_other_form_is_none),
    };
    crypto_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
