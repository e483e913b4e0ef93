#include "support/test.h"
#include "crypto/random.h"
#include "token/packed.h"
#include "token/seen.h"

#include <pthread.h>
#include <stdio.h>

#define THREADS 8
#define TEXTS   500

static void __attribute__((constructor)) setup(void)
{
    crypto_setup();
}

static void add(struct seen *seen, struct str text, struct str what)
{
    const struct short_digest digest = seen_digest(seen, text);
    seen_add(seen, &digest, what);
}

static bool find(struct seen *seen, struct str text, struct arena *mem, struct str *what)
{
    const struct short_digest digest = seen_digest(seen, text);
    return seen_find(seen, &digest, mem, what);
}

TEST(seen, gives_back_what_was_added_for_this_text_and_no_other)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(seen) struct seen *seen = seen_open();
    static const struct str others[] = { { "", 0 },     { "tex", 3 },    { "texts", 5 },
                                         { "Text", 4 }, { "text\0", 5 }, { "\0text", 5 } };
    struct str what = STR("untouched");
    CHECK(!find(seen, STR("text"), mem, &what));
    add(seen, STR("text"), STR("what was read"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!find(seen, others[i], mem, &what));
    CHECK_STR(STR("untouched"), what);
    CHECK(find(seen, STR("text"), mem, &what));
    CHECK_STR(STR("what was read"), what);
    add(seen, STR("text"), STR("another"));
    CHECK_STR(STR("what was read"), what); /* a copy */
    CHECK(find(seen, STR("text"), mem, &what));
    CHECK_STR(STR("another"), what);
}

TEST(seen, keeps_nothing_past_its_bound)
{
    static char much[SEEN_BYTES_MAX + 1];
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(seen) struct seen *seen = seen_open();
    struct str what = { 0 };
    add(seen, STR("more"), (struct str){ much, sizeof much });
    CHECK(!find(seen, STR("more"), mem, &what));
    add(seen, STR("most"), (struct str){ much, sizeof much - 1 });
    CHECK(find(seen, STR("most"), mem, &what));
    CHECK_INT(sizeof much - 1, what.len);
}

TEST(seen, has_a_key_of_its_own_in_each_process)
{
    AUTO(seen) struct seen *one = seen_open(), *other = seen_open();
    const struct short_digest a = seen_digest(one, STR("text")), b = seen_digest(other, STR("text"));
    CHECK(memcmp(a.is, b.is, sizeof a.is) != 0);
}

TEST(seen, lets_the_old_give_way_and_never_mixes_them_up)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(seen) struct seen *seen = seen_open();
    int kept = 0;
    for (int i = 0; i < 3 * SEEN_SLOTS; i++) {
        char text[16];
        const struct str of = { text, (size_t)snprintf(text, sizeof text, "%d", i) };
        add(seen, of, of);
    }
    for (int i = 0; i < 3 * SEEN_SLOTS; i++) {
        char text[16];
        const struct str of = { text, (size_t)snprintf(text, sizeof text, "%d", i) };
        struct str what = { 0 };
        if (!find(seen, of, mem, &what))
            continue;
        CHECK_STR(of, what);
        kept++;
    }
    CHECK(kept > SEEN_SLOTS / 2 && kept <= SEEN_SLOTS);
}

struct hand {
    pthread_t thread;
    struct seen *seen;
    int number, right, wrong;
};

static void *add_and_find(void *arg)
{
    struct hand *h = arg;
    for (int i = 0; i < TEXTS; i++) {
        AUTO(arena) struct arena *mem = arena_new();
        char text[16];
        struct str of = { text, (size_t)snprintf(text, sizeof text, "%d", (i + h->number) % 50) }, what = { 0 };
        add(h->seen, of, of);
        if (find(h->seen, of, mem, &what)) {
            h->right += str_equal(of, what);
            h->wrong += !str_equal(of, what);
        }
    }
    return NULL;
}

TEST(seen, serves_many_threads_at_once)
{
    AUTO(seen) struct seen *seen = seen_open();
    struct hand hands[THREADS];
    for (int i = 0; i < THREADS; i++) {
        hands[i] = (struct hand){ .seen = seen, .number = i };
        CHECK_INT(0, pthread_create(&hands[i].thread, NULL, add_and_find, &hands[i]));
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(hands[i].thread, NULL);
        CHECK_INT(0, hands[i].wrong);
        CHECK(hands[i].right > TEXTS / 2);
    }
}

struct thing {
    struct str text, empty, absent;
    struct strs some, none;
    int64_t number, least;
};

TEST(packed, gives_back_what_was_put_in)
{
    static const struct field table[] = { FIELD(struct thing, text, 0, 99),   FIELD(struct thing, empty, 0, 99),
                                          FIELD(struct thing, absent, 0, 99), FIELD(struct thing, some, 0, 9),
                                          FIELD(struct thing, none, 0, 9),    FIELD(struct thing, number, 0, 9),
                                          FIELD(struct thing, least, 0, 9),   FIELD_END };
    AUTO(arena) struct arena *mem = arena_new();
    struct str items[] = { STR("one"), STR(""), STR("th\0ee") };
    const struct thing want = {
        .text = STR("text"), .empty = STR(""), .some = { items, 3 }, .number = 42, .least = INT64_MIN
    };
    struct thing got = { 0 };
    struct buf out = buf_new(mem, 1);
    packed_add_str(&out, STR("before"));
    packed_add_str(&out, (struct str){ 0 });
    packed_add(&out, table, &want);
    packed_add_str(&out, STR("behind"));
    struct str rest = buf_str(&out);
    CHECK_STR(STR("before"), packed_take_str(&rest));
    CHECK(packed_take_str(&rest).ptr == NULL);
    packed_take(&rest, mem, table, &got);
    CHECK_STR(STR("behind"), packed_take_str(&rest));
    CHECK_INT(0, rest.len);
    CHECK_STR(want.text, got.text);
    CHECK(got.empty.ptr != NULL && got.empty.len == 0 && got.absent.ptr == NULL);
    CHECK_INT(3, got.some.count);
    for (size_t i = 0; i < 3; i++)
        CHECK_STR(items[i], got.some.items[i]);
    CHECK_INT(0, got.none.count);
    CHECK(got.number == 42 && got.least == INT64_MIN);
}

RUN_TESTS(CASE(seen, gives_back_what_was_added_for_this_text_and_no_other), CASE(seen, keeps_nothing_past_its_bound),
          CASE(seen, has_a_key_of_its_own_in_each_process), CASE(seen, lets_the_old_give_way_and_never_mixes_them_up),
          CASE(seen, serves_many_threads_at_once), CASE(packed, gives_back_what_was_put_in))
