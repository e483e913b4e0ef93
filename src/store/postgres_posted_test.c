/* Transactions that are data, several in one of the server: each ends as if it were alone, whatever happens to the others. */
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include "base/why.h"
#include "store/notices.h"
#include "store/postgres_own.h"
#include "store/postgres_world.h"

#define BUSY_MS 2000
#define HANDS   8

/* A thread with a transaction of its own. */
struct hand {
    pthread_t thread;
    struct store *store;
    FALLIBLE (*put)(struct hand *, struct tx *);
    int n;
    const struct session_row *session;
    struct person person;
    enum err end;
    _Atomic bool ended;
};

static FALLIBLE post(struct hand *h)
{
    AUTO(tx) struct tx *tx = NULL;

    TRY(store_gather(h->store, &tx));
    TRY(h->put(h, tx));
    return store_commit(&tx);
}

static void *run(void *context)
{
    struct hand *h = context;

    h->end = post(h);
    h->ended = true;
    return NULL;
}

static FALLIBLE put_event(struct tx *tx, struct str event)
{
    return audit_rows_add(
        tx, &(struct audit_row){ .at = NOW, .event = event, .severity = STR("INFO"), .outcome = STR("success") });
}

static FALLIBLE put_person(struct hand *h, struct tx *tx)
{
    person_make(h->n, &h->person);
    TRY(users_add_later(tx, &h->person.row));
    return put_event(tx, STR("user_created"));
}

static FALLIBLE put_spending(struct hand *h, struct tx *tx)
{
    const struct session_spending by = { h->session->id, 0, NOW + 2, INT64_MAX, STR("192.0.2.7"), STR("other/1") };
    TRY(sessions_spend(tx, &by));
    return put_event(tx, STR("session_renewed"));
}

/* The database refuses it, and that is known only with the commit. */
static FALLIBLE put_nothing(struct hand *h, struct tx *tx)
{
    (void)h;
    return put_event(tx, STR(""));
}

/* As many statements as a parcel takes. */
static FALLIBLE put_notices(struct hand *h, struct tx *tx)
{
    char id[37];

    for (int i = 0; i < PARCEL_ASKS; i++) {
        snprintf(id, sizeof id, "%036d", h->n * PARCEL_ASKS + i);
        TRY(notices_add(tx, &(struct notice_row){ .id = str_of(id),
                                                  .user_id = h->session->user_id,
                                                  .kind = STR("password_changed"),
                                                  .factor = STR(""),
                                                  .about = STR(""),
                                                  .address = STR("192.0.2.7"),
                                                  .user_agent = STR("other/1"),
                                                  .created_at = NOW }));
    }
    return OK;
}

/* Nobody leads meanwhile. */
struct hold {
    struct combiner *combiner;
    struct rider riders[COMBINER_PLACES];
};

static void hold(struct store *store, struct hold *h)
{
    h->combiner = &store->engine->posted;
    for (size_t i = 0; i < h->combiner->most; i++)
        CHECK(combiner_enter(h->combiner, &h->riders[i]));
}

/* One leads, with all. */
static void let_go(struct hold *h)
{
    combiner_leave(h->combiner, h->riders[0].place);
}

static void let_all_go(struct hold *h)
{
    for (size_t i = 1; i < h->combiner->most; i++)
        combiner_leave(h->combiner, h->riders[i].place);
}

static void wait_in_queue(struct combiner *c, size_t length, const struct hand *last)
{
    size_t waiting;

    do {
        CHECK(!last->ended);
        sched_yield();
        pthread_mutex_lock(&c->lock);
        waiting = c->waiting;
        pthread_mutex_unlock(&c->lock);
    } while (waiting != length);
}

/* One behind the other, so that all of them go together. */
static void start(struct hold *hold, struct hand *hands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(0, pthread_create(&hands[i].thread, NULL, run, &hands[i]));
        wait_in_queue(hold->combiner, i + 1, &hands[i]);
    }
}

static void finish(struct hand *hands, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pthread_join(hands[i].thread, NULL);
}

static void go_together(struct store *store, struct hand *hands, size_t count)
{
    struct hold h;

    hold(store, &h);
    start(&h, hands, count);
    let_go(&h);
    finish(hands, count);
    let_all_go(&h);
}

/* From the n-th on. */
static void people(struct store *store, struct hand *hands, int n)
{
    for (int i = 0; i < HANDS; i++)
        hands[i] = (struct hand){ .store = store, .put = put_person, .n = n + i };
}

static void check_all(struct hand *hands, enum err end)
{
    for (int i = 0; i < HANDS; i++) {
        CHECK_INT(end, hands[i].end);
        CHECK_INT(end == OK, known(hands[i].store, hands[i].n));
    }
}

static void check_number(struct hand *h)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(db) struct db *db = NULL;
    struct user_row got = { 0 };
    bool found = false;

    CHECK_OK(db_open(h->store, &db));
    CHECK_OK(users_by_id(db, mem, h->person.row.id, &got, &found));
    CHECK(found);
    CHECK_STR(h->person.row.public_id, got.public_id);
}

/* So many rows, and no number is missing. */
static void check_trail(struct store *store, size_t count)
{
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(db) struct db *db = NULL;
    struct audit_row *rows = NULL;
    size_t found = 0;

    CHECK_OK(db_open(store, &db));
    CHECK_OK(audit_rows_list(db, mem, &(struct audit_filter){ .limit = 100 }, &rows, &found));
    CHECK_INT(count, found);
    for (size_t i = 0; i < found; i++)
        CHECK_INT(i + 1, rows[i].seq);
}

TEST(posted, share_a_commit_and_have_each_its_own_answer)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    struct store_figures before, after;
    struct hand hands[HANDS];

    people(store, hands, 1);
    store_figures(store, &before);
    go_together(store, hands, HANDS);
    store_figures(store, &after);
    check_all(hands, OK);
    for (int i = 0; i < HANDS; i++)
        check_number(&hands[i]);
    CHECK_INT(HANDS, after.committed - before.committed);
    CHECK_INT(1, after.commits - before.commits);
    CHECK_INT(0, after.failed - before.failed);
    store_drop(&store);
}

TEST(posted, that_clash_spoil_neither_others_nor_the_trail)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    struct hand hands[HANDS];
    int added = 0, refused = 0;

    people(store, hands, 1);
    hands[2].n = hands[5].n = hands[7].n;
    go_together(store, hands, HANDS);
    for (int i = 0; i < HANDS; i++) {
        added += hands[i].end == OK;
        refused += hands[i].end == ERR_CONFLICT;
        CHECK(known(store, hands[i].n));
        if (hands[i].n != hands[7].n)
            CHECK_OK(hands[i].end);
    }
    CHECK_INT(HANDS - 2, added);
    CHECK_INT(2, refused);
    check_trail(store, HANDS - 2);
    store_drop(&store);
}

TEST(posted, of_which_one_fails_with_the_commit_are_done_but_for_that_one)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    struct hand hands[HANDS];

    people(store, hands, 1);
    hands[4].put = put_nothing;
    go_together(store, hands, HANDS);
    for (int i = 0; i < HANDS; i++) {
        CHECK_INT(i == 4 ? ERR_INTERNAL : OK, hands[i].end);
        CHECK_INT(i != 4, known(store, hands[i].n));
    }
    store_drop(&store);
}

static struct session_row add_session(struct store *store, struct arena *mem)
{
    struct session_row row;
    struct tx *tx = NULL;
    struct person p;

    person_make(100, &p);
    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(users_add(tx, &p.row));
    row = session_make(&p, p.row.id, 1);
    row.id = arena_copy(mem, row.id);
    row.idle_until = row.expires_at = INT64_MAX;
    CHECK_OK(sessions_add(tx, &row));
    CHECK_OK(store_commit(&tx));
    return row;
}

TEST(posted, of_which_one_spends_what_is_spent_are_done_but_for_that_one)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct store *store = open_new(fresh(), BUSY_MS);
    struct session_row session = add_session(store, mem);
    struct hand hands[HANDS];
    int spent = 0, late = 0;

    people(store, hands, 1);
    for (int i = 0; i < 3; i++) {
        hands[2 * i].put = put_spending;
        hands[2 * i].session = &session;
    }
    go_together(store, hands, HANDS);
    for (int i = 0; i < HANDS; i++)
        if (hands[i].put == put_person) {
            CHECK_OK(hands[i].end);
            CHECK(known(store, hands[i].n));
        } else {
            spent += hands[i].end == OK;
            late += hands[i].end == ERR_CONFLICT;
        }
    CHECK_INT(1, spent);
    CHECK_INT(2, late);
    check_trail(store, HANDS - 2);
    store_drop(&store);
}

/* Somebody else has the row: who wants it waits for him, the others do not. */
TEST(posted, do_not_wait_for_a_lock_that_one_of_them_needs)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct store *store = open_new(fresh(), 20000);
    struct session_row session = add_session(store, mem);
    struct hand hands[HANDS], holder = { .session = &session };
    struct tx *tx = NULL;
    struct hold h;

    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(put_spending(&holder, tx));
    people(store, hands, 1);
    hands[3].put = put_spending;
    hands[3].session = &session;
    hold(store, &h);
    start(&h, hands, HANDS);
    let_go(&h);
    finish(hands, 3);
    finish(hands + 4, HANDS - 4);
    CHECK(!hands[3].ended);
    CHECK_OK(store_commit(&tx));
    finish(hands + 3, 1);
    let_all_go(&h);
    for (int i = 0; i < HANDS; i++)
        CHECK_INT(i == 3 ? ERR_CONFLICT : OK, hands[i].end);
    store_drop(&store);
}

/* More than go together, each of as many statements as can be, on a connection that has seen none of them. */
TEST(posted, may_be_as_many_and_as_long_as_they_like)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct store *store = open_new(fresh(), BUSY_MS);
    struct session_row session = add_session(store, mem);
    struct hand hands[2 * POSTED_TOGETHER + 3];
    const int count = sizeof hands / sizeof *hands;
    struct db *db = NULL;
    int64_t found = 0;

    for (int i = 0; i < count; i++)
        hands[i] = (struct hand){ .store = store, .put = put_notices, .n = i, .session = &session };
    go_together(store, hands, (size_t)count);
    for (int i = 0; i < count; i++)
        CHECK_OK(hands[i].end);
    CHECK_OK(db_open(store, &db));
    CHECK_OK(notices_count(db, session.user_id, &found));
    db_drop(&db);
    CHECK_INT(count * PARCEL_ASKS, found);
    store_drop(&store);
}

TEST(posted, find_no_free_connection_and_end_busy_in_time)
{
    struct store *store = open_new(fresh(), 300);
    struct tx *held[POSTGRES_WRITERS];
    struct hand hands[HANDS];

    for (int i = 0; i < POSTGRES_WRITERS; i++)
        CHECK_OK(store_begin(store, &held[i]));
    people(store, hands, 1);
    go_together(store, hands, HANDS);
    check_all(hands, ERR_BUSY);
    for (int i = 0; i < POSTGRES_WRITERS; i++)
        tx_drop(&held[i]);
    CHECK_OK(person_add(store, 1));
    store_drop(&store);
}

TEST(posted, do_not_notice_that_idle_connections_were_dropped)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    struct hand hands[HANDS];

    CHECK_OK(person_add(store, 100));
    kill_all(secret_view(&store->engine->url));
    people(store, hands, 1);
    go_together(store, hands, HANDS);
    check_all(hands, OK);
    store_drop(&store);
}

static void do_mischief(enum mischief what, enum err end)
{
    struct proxy *proxy = proxy_open();
    struct store *store = open_new(proxy_url(proxy, fresh()), BUSY_MS);
    struct hand hands[HANDS];

    for (int round = 0; round < 3; round++) {
        people(store, hands, round * HANDS);
        proxy_do(proxy, what);
        go_together(store, hands, HANDS);
        check_all(hands, end);
    }
    store_drop(&store);
    proxy_drop(&proxy);
}

TEST(posted, whose_answer_is_lost_are_found_out_to_be_there)
{
    do_mischief(PROXY_CUT_AFTER_COMMIT, OK);
}

TEST(posted, whose_commit_never_arrived_are_found_out_not_to_be_there)
{
    do_mischief(PROXY_CUT_BEFORE_COMMIT, ERR_BUSY);
}

TEST(posted, that_nobody_can_tell_about_end_busy)
{
    struct proxy *proxy = proxy_open();
    struct store *store = open_new(proxy_url(proxy, fresh()), 300);
    struct hand hands[HANDS];

    people(store, hands, 1);
    proxy_do(proxy, PROXY_CUT_FOR_GOOD);
    go_together(store, hands, HANDS);
    for (int i = 0; i < HANDS; i++)
        CHECK_INT(ERR_BUSY, hands[i].end);
    proxy_do(proxy, PROXY_HONEST);
    while (person_add(store, 100) != OK)
        continue;
    for (int i = 0; i < HANDS; i++) /* the commit had arrived */
        CHECK(known(store, hands[i].n));
    store_drop(&store);
    proxy_drop(&proxy);
}

int postgres_posted_tests(void)
{
    const struct CMUnitTest tests[] = {
        CASE(posted, share_a_commit_and_have_each_its_own_answer),
        CASE(posted, that_clash_spoil_neither_others_nor_the_trail),
        CASE(posted, of_which_one_fails_with_the_commit_are_done_but_for_that_one),
        CASE(posted, of_which_one_spends_what_is_spent_are_done_but_for_that_one),
        CASE(posted, do_not_wait_for_a_lock_that_one_of_them_needs),
        CASE(posted, may_be_as_many_and_as_long_as_they_like),
        CASE(posted, find_no_free_connection_and_end_busy_in_time),
        CASE(posted, do_not_notice_that_idle_connections_were_dropped),
        CASE(posted, whose_answer_is_lost_are_found_out_to_be_there),
        CASE(posted, whose_commit_never_arrived_are_found_out_not_to_be_there),
        CASE(posted, that_nobody_can_tell_about_end_busy),
    };
    return cmocka_run_group_tests_name("PostgreSQL: transactions that are data", tests, NULL, NULL);
}
