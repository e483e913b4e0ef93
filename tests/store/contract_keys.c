#include <unistd.h>
#include <sys/eventfd.h>
#include "base/clock.h"
#include "store/news.h"
#include "store/signing_keys.h"
#include "store/world.h"

#define FIRST     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SECOND    "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define PRINT_ONE "1111111111111111111111111111111111111111111"
#define PRINT_TWO "2222222222222222222222222222222222222222222"

static const struct master_key_row row_one = { { PRINT_ONE, 43 }, { "lasting", 7 } },
                                   row_two = { { PRINT_TWO, 43 }, { NULL, 0 } };

static FALLIBLE hold(struct tx *tx, const struct master_key_row *row)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct master_key_row there;
    return master_key_hold(tx, mem, row, NOW, &there);
}

static struct signing_key_row row_of(struct str kid, int64_t active_at)
{
    return (struct signing_key_row){
        .kid = kid,
        .algorithm = STR("ES256"),
        .public_jwk = STR("{}"),
        .sealed = STR("sealed"),
        .made_at = NOW,
        .active_at = active_at,
    };
}

static void put(struct world *w, const struct signing_key_row *row)
{
    struct tx *tx = begin(w);
    CHECK_OK(signing_keys_add(tx, row));
    CHECK_OK(store_commit(&tx));
}

static struct signing_key_row *all(struct world *w, size_t want)
{
    struct signing_key_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(signing_keys_list(w->db, w->mem, &rows, &count));
    CHECK_INT(want, count);
    return rows;
}

TEST(signing_keys, come_back_as_they_were_the_newest_first)
{
    struct world *w = *state;
    struct signing_key_row old = row_of(STR(FIRST), 10), new = row_of(STR(SECOND), 20);
    old.retired_at = 20, old.expires_at = 30;
    put(w, &old);
    put(w, &new);
    const struct signing_key_row *rows = all(w, 2);
    CHECK_STR(STR(SECOND), rows[0].kid);
    CHECK_STR(STR(FIRST), rows[1].kid);
    CHECK_STR(STR("ES256"), rows[1].algorithm);
    CHECK_STR(STR("{}"), rows[1].public_jwk);
    CHECK_STR(STR("sealed"), rows[1].sealed);
    CHECK(rows[1].made_at == NOW && rows[1].active_at == 10 && rows[1].retired_at == 20 && rows[1].expires_at == 30);
    CHECK(rows[0].retired_at == 0 && rows[0].expires_at == 0 && rows[0].revoked_at == 0);
}

TEST(signing_keys, are_one_that_nothing_follows_and_never_two)
{
    struct world *w = *state;
    const struct signing_key_row first = row_of(STR(FIRST), 10), second = row_of(STR(SECOND), 20);
    put(w, &first);
    struct tx *tx = begin(w);
    CHECK_END(ERR_CONFLICT, signing_keys_add(tx, &second));
    tx_drop(&tx);
    tx = begin(w);
    CHECK_END(ERR_CONFLICT, signing_keys_add(tx, &first));
    tx_drop(&tx);
    tx = begin(w);
    CHECK_OK(signing_keys_plan(tx, STR(FIRST), 10, 20, 30));
    CHECK_OK(signing_keys_add(tx, &second));
    CHECK_OK(store_commit(&tx));
    (void)all(w, 2);
}

TEST(signing_keys, lose_their_private_half_when_they_are_revoked_and_only_once)
{
    struct world *w = *state;
    const struct signing_key_row first = row_of(STR(FIRST), 10), second = row_of(STR(SECOND), 20);
    int64_t changed = 0;
    put(w, &first);
    struct tx *tx = begin(w);
    CHECK_OK(signing_keys_revoke(tx, STR(FIRST), NOW, &changed));
    CHECK_INT(1, changed);
    CHECK_OK(signing_keys_revoke(tx, STR(FIRST), NOW + 1, &changed));
    CHECK_INT(0, changed);
    CHECK_OK(signing_keys_revoke(tx, STR("none"), NOW, &changed));
    CHECK_INT(0, changed);
    CHECK_OK(signing_keys_add(tx, &second)); /* a revoked one is in nobody's way */
    CHECK_OK(store_commit(&tx));
    CHECK(all(w, 2)[1].revoked_at == NOW && all(w, 2)[1].sealed.ptr == NULL && all(w, 2)[0].revoked_at == 0);
    tx = begin(w);
    CHECK_OK(signing_keys_revoke_all(tx, NOW + 2));
    CHECK_OK(store_commit(&tx));
    CHECK(all(w, 2)[1].revoked_at == NOW && all(w, 2)[0].revoked_at == NOW + 2);
}

TEST(signing_keys, are_sealed_anew_one_by_one)
{
    struct world *w = *state;
    struct signing_key_row first = row_of(STR(FIRST), 10);
    const struct signing_key_row second = row_of(STR(SECOND), 20);
    first.retired_at = 20, first.expires_at = 30;
    put(w, &first);
    put(w, &second);
    struct tx *tx = begin(w);
    CHECK_OK(signing_keys_reseal(tx, STR(FIRST), STR("another box")));
    CHECK_OK(store_commit(&tx));
    const struct signing_key_row *rows = all(w, 2);
    CHECK_STR(STR("another box"), rows[1].sealed);
    CHECK_STR(STR("sealed"), rows[0].sealed);
}

TEST(signing_keys, refuse_rows_that_no_key_has)
{
    struct world *w = *state;
    struct signing_key_row bad[5];
    for (size_t i = 0; i < 5; i++)
        bad[i] = row_of(STR(FIRST), 10);
    bad[0].kid = STR("short");
    bad[1].algorithm = STR("none");
    bad[2].retired_at = 20;
    bad[3].expires_at = 20;
    bad[4].public_jwk = (struct str){ 0 };
    for (size_t i = 0; i < 5; i++) {
        struct tx *tx = begin(w);
        CHECK_END(ERR_INTERNAL, signing_keys_add(tx, &bad[i]));
        tx_drop(&tx);
    }
    (void)all(w, 0);
}

TEST(master_key, is_the_first_that_came_and_no_other)
{
    struct world *w = *state;
    struct master_key_row there = { .fingerprint = STR("x") };
    CHECK_OK(master_key_read(w->db, w->mem, &there));
    CHECK(there.fingerprint.ptr == NULL);
    for (int i = 0; i < 2; i++) {
        struct tx *tx = begin(w);
        CHECK_OK(hold(tx, &row_one));
        CHECK_OK(store_commit(&tx));
    }
    struct tx *tx = begin(w);
    CHECK_END(ERR_DENIED, hold(tx, &row_two));
    tx_drop(&tx);
    CHECK_OK(master_key_read(w->db, w->mem, &there));
    CHECK_STR(STR(PRINT_ONE), there.fingerprint);
    CHECK_STR(STR("lasting"), there.lasting);
}

TEST(master_key, is_another_one_when_it_was_changed)
{
    struct world *w = *state;
    struct master_key_row there;
    struct tx *tx = begin(w);
    CHECK_OK(hold(tx, &row_one));
    CHECK_OK(master_key_change(tx, &(struct master_key_row){ STR(PRINT_TWO), STR("the first") }, NOW + 1));
    CHECK_OK(store_commit(&tx));
    CHECK_OK(master_key_read(w->db, w->mem, &there));
    CHECK_STR(STR(PRINT_TWO), there.fingerprint);
    CHECK_STR(STR("the first"), there.lasting);
    tx = begin(w);
    CHECK_END(ERR_DENIED, hold(tx, &row_one));
    tx_drop(&tx);
    tx = begin(w);
    CHECK_OK(hold(tx, &row_two));
    tx_drop(&tx);
}

/* ---- news ---- */

struct ear {
    struct db *db;
    int wake;
};

/* The first call hears that all may have changed. */
static struct ear ear_new(struct world *w)
{
    struct ear ear = { .wake = eventfd(0, EFD_CLOEXEC) };
    unsigned heard = 0;
    CHECK_OK(db_open(w->store, &ear.db));
    CHECK_OK(news_wait(ear.db, ear.wake, 0, &heard));
    CHECK_INT(NEWS_ALL, heard);
    return ear;
}

static void ear_drop(struct ear *ear)
{
    db_drop(&ear->db);
    close(ear->wake);
}

/* Behind a pooler nothing can be heard, so each wait says that all may have changed. */
static bool is_deaf(struct ear *ear)
{
    unsigned heard = 0;
    CHECK_OK(news_wait(ear->db, ear->wake, 0, &heard));
    CHECK(heard == 0 || heard == NEWS_ALL);
    return heard != 0;
}

static bool hears(struct ear *ear)
{
    unsigned heard = 0;
    int64_t until_ns = clock_mono_ns() + INT64_C(10000000000);
    while (heard == 0 && clock_mono_ns() < until_ns)
        CHECK_OK(news_wait(ear->db, ear->wake, 1000, &heard));
    return (heard & NEWS_KEYS) != 0;
}

TEST(news, are_heard_when_the_transaction_is_committed)
{
    struct world *w = *state;
    const struct signing_key_row row = row_of(STR(FIRST), 10);
    put(w, &row);
    AUTO(ear) struct ear ear = ear_new(w);
    for (int i = 0; i < 3; i++) {
        struct tx *tx = begin(w);
        CHECK_OK(signing_keys_plan(tx, STR(FIRST), 20 + i, 0, 0));
        CHECK_OK(news_tell(tx, NEWS_KEYS));
        CHECK_OK(store_commit(&tx));
        CHECK(hears(&ear));
    }
}

TEST(news, are_not_heard_of_what_was_rolled_back)
{
    struct world *w = *state;
    AUTO(ear) struct ear ear = ear_new(w);
    const bool deaf = is_deaf(&ear);
    unsigned heard = 0;
    struct tx *tx = begin(w);
    CHECK_OK(hold(tx, &row_one));
    CHECK_OK(news_tell(tx, NEWS_KEYS));
    tx_drop(&tx);
    CHECK_OK(news_wait(ear.db, ear.wake, 300, &heard));
    CHECK_INT(deaf ? NEWS_ALL : 0, heard);
}

TEST(news, of_two_that_listen_are_heard_by_both)
{
    struct world *w = *state;
    AUTO(ear) struct ear one = ear_new(w), two = ear_new(w);
    struct tx *tx = begin(w);
    CHECK_OK(hold(tx, &row_one));
    CHECK_OK(news_tell(tx, NEWS_KEYS));
    CHECK_OK(store_commit(&tx));
    CHECK(hears(&one) && hears(&two));
}

TEST(news, are_waited_for_no_longer_than_somebody_wakes_us)
{
    struct world *w = *state;
    AUTO(ear) struct ear ear = ear_new(w);
    const bool deaf = is_deaf(&ear);
    unsigned heard = 0;
    const uint64_t one = 1;
    CHECK(write(ear.wake, &one, sizeof one) == sizeof one);
    const int64_t since_ns = clock_mono_ns();
    CHECK_OK(news_wait(ear.db, ear.wake, 60000, &heard));
    CHECK(clock_mono_ns() - since_ns < INT64_C(30000000000));
    CHECK_INT(deaf ? NEWS_ALL : 0, heard);
}

TEST(news, in_a_word_that_nobody_knows_may_be_anything)
{
    CHECK_INT(NEWS_KEYS, news_of_word("keys"));
    CHECK_INT(NEWS_ALL, news_of_word("of a later release"));
    CHECK_INT(NEWS_ALL, news_of_word(""));
    CHECK(strcmp(news_word(NEWS_KEYS), "keys") == 0);
}

int contract_keys(const struct contract *contract)
{
    struct contract *start = (struct contract *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        FRESH(signing_keys, come_back_as_they_were_the_newest_first),
        FRESH(signing_keys, are_one_that_nothing_follows_and_never_two),
        FRESH(signing_keys, lose_their_private_half_when_they_are_revoked_and_only_once),
        FRESH(signing_keys, refuse_rows_that_no_key_has),
        FRESH(signing_keys, are_sealed_anew_one_by_one),
        FRESH(master_key, is_the_first_that_came_and_no_other),
        FRESH(master_key, is_another_one_when_it_was_changed),
        FRESH(news, are_heard_when_the_transaction_is_committed),
        FRESH(news, are_not_heard_of_what_was_rolled_back),
        FRESH(news, of_two_that_listen_are_heard_by_both),
        FRESH(news, are_waited_for_no_longer_than_somebody_wakes_us),
        FRESH(news, in_a_word_that_nobody_knows_may_be_anything),
    };
    return cmocka_run_group_tests_name("signing keys and news", tests, NULL, NULL);
}
