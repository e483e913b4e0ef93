#include "token/refresh.h"
#include "support/test.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct mac_key key = { { 1 } }, other_key = { { 2 } };
static const struct digest seed = { { 3 } }, other_seed = { { 4 } };
#define SESSION STR("019aa000-0000-7000-8abc-0123456789ef")

static struct str made(struct arena *mem, int64_t number)
{
    return refresh_make(&key, &seed, SESSION, number, mem);
}

TEST(refresh, names_its_session_and_number_and_is_genuine)
{
    AUTO(arena) struct arena *mem = arena_new();
    const int64_t numbers[] = { 0, 1, 255, 256, 0x12345678, REFRESH_NUMBER_MAX };
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct refresh_token got;
        const struct str text = made(mem, numbers[i]);
        CHECK_INT(REFRESH_TEXT_LEN, text.len);
        CHECK_OK(refresh_read(text, &got));
        CHECK_STR(SESSION, str_of(got.session));
        CHECK_INT(numbers[i], got.number);
        CHECK_OK(refresh_check(&key, &seed, &got));
    }
}

TEST(refresh, is_the_same_again_and_another_for_everything_else)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct str text = made(mem, 7);
    CHECK_STR(text, made(mem, 7));
    CHECK(!str_equal(text, made(mem, 8)));
    CHECK(!str_equal(text, refresh_make(&other_key, &seed, SESSION, 7, mem)));
    CHECK(!str_equal(text, refresh_make(&key, &other_seed, SESSION, 7, mem)));
    CHECK(!str_equal(text, refresh_make(&key, &seed, STR("019aa000-0000-7000-8abc-0123456789ee"), 7, mem)));
}

TEST(refresh, made_with_another_key_or_seed_is_not_genuine)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct refresh_token got;
    CHECK_OK(refresh_read(made(mem, 7), &got));
    CHECK_END(ERR_UNAUTHENTICATED, refresh_check(&other_key, &seed, &got));
    CHECK_INT(WHY_REFRESH_INVALID, note_get()->why);
    CHECK_END(ERR_UNAUTHENTICATED, refresh_check(&key, &other_seed, &got));
}

/* Every bit counts: those of the session, of the number and of the MAC. */
TEST(refresh, with_one_bit_changed_is_not_genuine)
{
    AUTO(arena) struct arena *mem = arena_new();
    const struct str text = made(mem, 7);
    size_t refused = 0;
    for (size_t i = 0; i < text.len; i++) {
        char copy[REFRESH_TEXT_LEN];
        struct refresh_token got;
        memcpy(copy, text.ptr, sizeof copy);
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        struct str changed = { copy, sizeof copy };
        refused += refresh_read(changed, &got) != OK || refresh_check(&key, &seed, &got) != OK;
    }
    CHECK_INT(text.len, refused);
}

TEST(refresh_read, refuses_every_other_form)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct refresh_token got = { .number = 7 };
    const struct str text = made(mem, 1);
    const struct str most = str_slice(text, 0, REFRESH_TEXT_LEN - 1);
    const struct str refused[] = {
        STR(""),
        (struct str){ 0 },
        most,
        arena_printf(mem, "%.*sA", STR_ARG(text)),
        arena_printf(mem, "%.*s=", STR_ARG(most)),
        arena_printf(mem, "%.*s\n", STR_ARG(most)),
        arena_printf(mem, " %.*s", STR_ARG(str_slice(text, 1, REFRESH_TEXT_LEN))),
        arena_printf(mem, "%.*s+", STR_ARG(most)),
        arena_printf(mem, "%.*s_", STR_ARG(most)), /* bits that are left over */
        arena_printf(mem, "%.*s.", STR_ARG(most)),
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        CHECK_END(ERR_UNAUTHENTICATED, refresh_read(refused[i], &got));
        CHECK_INT(WHY_REFRESH_INVALID, note_get()->why);
    }
    CHECK_INT(7, got.number);
}

RUN_TESTS(CASE(refresh, names_its_session_and_number_and_is_genuine),
          CASE(refresh, is_the_same_again_and_another_for_everything_else),
          CASE(refresh, made_with_another_key_or_seed_is_not_genuine),
          CASE(refresh, with_one_bit_changed_is_not_genuine), CASE(refresh_read, refuses_every_other_form))
