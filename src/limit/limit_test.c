#include "limit/limit.h"
#include "base/clock.h"
#include "base/why.h"
#include "crypto/random.h"
#include "store/migrate.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW (INT64_C(1800000000) * SECOND_US)

static void limits_close(struct limits **l)
{
    limits_drop(l);
}
#define LIMITS __attribute__((cleanup(limits_close))) struct limits *

static struct visit from(const char *address, int64_t now_us)
{
    struct visit v = { .now_us = now_us };

    if (inet_pton(AF_INET, address, v.peer.bytes + 12) == 1)
        v.peer.bytes[10] = v.peer.bytes[11] = 0xff;
    else
        CHECK(inet_pton(AF_INET6, address, v.peer.bytes) == 1);
    return v;
}

static struct visit at(int64_t now_us)
{
    return from("192.0.2.1", now_us);
}

static struct limits *open_on(void)
{
    crypto_setup();
    return limits_open(true, NULL, NULL);
}

static void spend(struct limits *l, enum limit_kind kind, struct str subject, int64_t tries, int64_t now_us)
{
    struct visit v = at(now_us);

    for (int64_t i = 0; i < tries; i++)
        CHECK_OK(limit_take_subject(l, kind, &v, subject));
}

static void check_refused(struct limits *l, enum limit_kind kind, struct str subject, int64_t now_us, long wait_s)
{
    struct visit v = at(now_us);

    CHECK_END(ERR_LIMITED, limit_take_subject(l, kind, &v, subject));
    CHECK_INT(WHY_RATE_LIMITED, note_get()->why);
    CHECK_INT(wait_s, note_get()->retry_after_s);
}

TEST(limit, grants_the_burst_and_refuses_the_next_for_every_kind)
{
    LIMITS l = open_on();

    for (enum limit_kind kind = LIMIT_NONE + 1; kind < LIMIT_KINDS; kind++) {
        const struct limit_rule *rule = &limit_rules[kind];

        spend(l, kind, STR("a@b.example"), rule->burst - 1, NOW); /* n-1, n */
        spend(l, kind, STR("a@b.example"), 1, NOW);
        check_refused(l, kind, STR("a@b.example"), NOW, rule->refill_s); /* n+1 */
        CHECK_INT(1, limits_refused(l, kind));
    }
}

TEST(limit, tells_the_exact_seconds_until_one_try_is_there)
{
    static const struct {
        int64_t later_us;
        long wait_s;
    } rows[] = {
        { 0, 30 },
        { 1, 30 },
        { SECOND_US - 1, 30 },
        { SECOND_US, 29 },
        { SECOND_US + 1, 29 },
        { 29 * SECOND_US, 1 },
        { 30 * SECOND_US - 1, 1 },
    };
    LIMITS l = open_on();

    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, NOW);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_refused(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW + rows[i].later_us, rows[i].wait_s);
    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 1, NOW + 30 * SECOND_US);
    check_refused(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW + 30 * SECOND_US, 30);
}

TEST(limit, does_not_charge_for_a_refused_try)
{
    LIMITS l = open_on();

    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, NOW);
    for (int i = 0; i < 1000; i++)
        check_refused(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW, 30);
    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 1, NOW + 30 * SECOND_US);
}

TEST(limit, never_holds_more_than_the_burst)
{
    LIMITS l = open_on();
    int64_t much_later = NOW + 365 * 86400 * SECOND_US;

    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, NOW);
    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, much_later);
    check_refused(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), much_later, 30);
}

TEST(limit, gives_back_one_try_and_never_more_than_were_taken)
{
    LIMITS l = open_on();
    struct visit v = at(NOW);

    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, NOW);
    limit_give_subject(l, LIMIT_SIGNIN_ACCOUNT, &v, STR("ann"));
    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 1, NOW);
    check_refused(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW, 30);
    for (int i = 0; i < 50; i++)
        limit_give_subject(l, LIMIT_SIGNIN_ACCOUNT, &v, STR("ann"));
    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, NOW);
    check_refused(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW, 30);
}

TEST(limit, giving_to_a_subject_that_never_took_changes_nothing)
{
    LIMITS l = open_on();
    struct visit v = at(NOW);

    limit_give_subject(l, LIMIT_SIGNIN_ACCOUNT, &v, STR("ann"));
    limit_give_net(l, LIMIT_SIGNIN_NET, &v);
    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, NOW);
    check_refused(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW, 30);
}

TEST(limit, counts_kinds_and_subjects_apart)
{
    LIMITS l = open_on();

    spend(l, LIMIT_SIGNUP_ACCOUNT, STR("ann"), 5, NOW);
    check_refused(l, LIMIT_SIGNUP_ACCOUNT, STR("ann"), NOW, 60);
    spend(l, LIMIT_SIGNUP_ACCOUNT, STR("anna"), 5, NOW);
    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, NOW);
    CHECK_INT(1, limits_refused(l, LIMIT_SIGNUP_ACCOUNT));
    CHECK_INT(0, limits_refused(l, LIMIT_SIGNIN_ACCOUNT));
}

TEST(limit, counts_an_empty_subject_as_one_of_its_own)
{
    LIMITS l = open_on();

    spend(l, LIMIT_SIGNUP_ACCOUNT, STR(""), 5, NOW);
    check_refused(l, LIMIT_SIGNUP_ACCOUNT, STR(""), NOW, 60);
}

TEST(limit, counts_addresses_by_their_prefix)
{
    static const struct {
        const char *first, *second;
        bool same;
    } rows[] = {
        { "192.0.2.1", "192.0.2.254", true },
        { "192.0.2.1", "::ffff:192.0.2.77", true }, /* the same address family in disguise */
        { "192.0.2.255", "192.0.3.0", false },
        { "192.0.2.1", "::192.0.2.1", false }, /* not a mapped address */
        { "2001:db8:0:100::1", "2001:db8:0:1ff:ffff::", true },
        { "2001:db8:0:1ff::1", "2001:db8:0:200::1", false },
        { "2001:db8::1", "2001:db9::1", false },
        { "::1", "127.0.0.1", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        LIMITS l = open_on();
        struct visit first = from(rows[i].first, NOW), second = from(rows[i].second, NOW);

        for (int64_t n = 0; n < limit_rules[LIMIT_SIGNUP_NET].burst; n++)
            CHECK_OK(limit_take_net(l, LIMIT_SIGNUP_NET, &first));
        CHECK_END(ERR_LIMITED, limit_take_net(l, LIMIT_SIGNUP_NET, &first));
        CHECK_END(rows[i].same ? ERR_LIMITED : OK, limit_take_net(l, LIMIT_SIGNUP_NET, &second));
    }
}

TEST(limit, gives_back_to_the_whole_prefix)
{
    LIMITS l = open_on();
    struct visit one = from("192.0.2.1", NOW), two = from("192.0.2.2", NOW);

    for (int64_t n = 0; n < limit_rules[LIMIT_SIGNIN_NET].burst; n++)
        CHECK_OK(limit_take_net(l, LIMIT_SIGNIN_NET, &one));
    CHECK_END(ERR_LIMITED, limit_take_net(l, LIMIT_SIGNIN_NET, &two));
    limit_give_net(l, LIMIT_SIGNIN_NET, &two);
    CHECK_OK(limit_take_net(l, LIMIT_SIGNIN_NET, &one));
    CHECK_END(ERR_LIMITED, limit_take_net(l, LIMIT_SIGNIN_NET, &one));
}

TEST(limit, a_clock_that_steps_back_makes_nobody_wait_longer_than_one_refill)
{
    LIMITS l = open_on();
    int64_t before = NOW - 86400 * SECOND_US;

    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, NOW);
    check_refused(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), before, 30);
    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 1, before + 30 * SECOND_US);
}

TEST(limit, a_clock_that_steps_back_grants_nothing)
{
    LIMITS l = open_on();

    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 9, NOW);
    check_refused(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW - 3600 * SECOND_US, 30);
}

TEST(limit, off_refuses_nobody_and_none_counts_nothing)
{
    LIMITS off = limits_open(false, NULL, NULL);
    LIMITS on = open_on();

    spend(off, LIMIT_SIGNUP_ACCOUNT, STR("ann"), 1000, NOW);
    spend(on, LIMIT_NONE, STR("ann"), 1000, NOW);
    CHECK_INT(0, limits_refused(off, LIMIT_SIGNUP_ACCOUNT));
    CHECK_INT(0, limits_refused(on, LIMIT_NONE));
}

TEST(limit, drop_accepts_nothing_at_all)
{
    struct limits *none = NULL;

    limits_drop(NULL);
    limits_drop(&none);
    CHECK(none == NULL);
}

static size_t heap_bytes(void)
{
    struct mallinfo2 now = mallinfo2();

    return now.uordblks + now.hblkhd;
}

TEST(limit, keeps_an_attacked_account_through_a_hundred_thousand_others)
{
    LIMITS l = open_on();
    size_t before = heap_bytes();
    char name[32];

    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("victim"), 10, NOW);
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "user%d", i);
        spend(l, LIMIT_SIGNIN_ACCOUNT, str_of(name), 1, NOW);
    }
    CHECK(heap_bytes() <= before);
    check_refused(l, LIMIT_SIGNIN_ACCOUNT, STR("victim"), NOW, 30);
}

struct racer {
    struct limits *limits;
    int64_t granted;
};

static void *race(void *arg)
{
    struct racer *me = arg;
    struct visit v = at(NOW);

    for (int i = 0; i < 2000; i++) {
        me->granted += limit_take_subject(me->limits, LIMIT_SIGNIN_ACCOUNT, &v, STR("ann")) == OK;
        me->granted += limit_take_net(me->limits, LIMIT_SIGNIN_NET, &v) == OK;
    }
    return NULL;
}

TEST(limit, grants_eight_racing_threads_the_burst_together)
{
    enum { THREADS = 8 };
    LIMITS l = open_on();
    struct racer racers[THREADS] = { 0 };
    pthread_t threads[THREADS];
    int64_t granted = 0;

    for (size_t i = 0; i < THREADS; i++) {
        racers[i].limits = l;
        CHECK(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        granted += racers[i].granted;
    }
    CHECK_INT(10 + 30, granted);
    CHECK_INT(THREADS * 2000 - 10, limits_refused(l, LIMIT_SIGNIN_ACCOUNT));
    CHECK_INT(THREADS * 2000 - 30, limits_refused(l, LIMIT_SIGNIN_NET));
}

TEST(take, does_not_mind_tries_that_come_out_of_order)
{
    struct limits *l = limits_open(true, NULL, NULL);
    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 9, NOW);
    spend(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 1, NOW - 20 * SECOND_US);
    check_refused(l, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW - 20 * SECOND_US, 30);
    limits_drop(&l);
}

/* ---- several nodes ---- */

static const struct mac_key nodes_key = { { 7 } };

/* A database that two nodes share, in a folder of its own.  SQLite counts as PostgreSQL does. */
static struct store *shared_store(char folder[static 32])
{
    struct store *store = NULL;
    int steps = 0;

    snprintf(folder, 32, "/tmp/postern-limit-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    const struct store_options options = { STR("sqlite:limits.db"), str_of(folder), 1000, true };
    CHECK_OK(store_open(&options, &store));
    CHECK_OK(migrate_to(store, NOW, -1, &steps));
    return store;
}

static void shared_drop(struct store **store, const char *folder)
{
    char path[64];

    store_drop(store);
    snprintf(path, sizeof path, "%s/limits.db", folder);
    unlink(path);
    rmdir(folder);
}

static struct limits *open_node(struct store *store)
{
    crypto_setup();
    return limits_open(true, store, &nodes_key);
}

TEST(nodes, grant_the_burst_together)
{
    char folder[32];
    struct store *store = shared_store(folder);
    struct limits *a = open_node(store), *b = open_node(store);

    spend(a, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 5, NOW);
    spend(b, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 5, NOW);
    check_refused(a, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW, 30);
    check_refused(b, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW, 30);
    spend(b, LIMIT_SIGNIN_ACCOUNT, STR("bob"), 10, NOW);
    spend(a, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 1, NOW + 30 * SECOND_US); /* one has come back, for one of them */
    check_refused(b, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW + 30 * SECOND_US, 30);
    limits_drop(&a);
    limits_drop(&b);
    shared_drop(&store, folder);
}

TEST(nodes, give_back_for_each_other)
{
    char folder[32];
    struct store *store = shared_store(folder);
    struct limits *a = open_node(store), *b = open_node(store), *late;
    struct visit v = at(NOW);

    spend(a, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, NOW);
    limit_give_subject(a, LIMIT_SIGNIN_ACCOUNT, &v, STR("ann"));
    spend(b, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 1, NOW);
    check_refused(b, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW, 30);
    late = open_node(store); /* a node that has just started knows what the others counted */
    check_refused(late, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW, 30);
    limits_drop(&a);
    limits_drop(&b);
    limits_drop(&late);
    shared_drop(&store, folder);
}

TEST(nodes, wait_for_no_clock_that_was_wrong)
{
    char folder[32];
    struct store *store = shared_store(folder);
    struct limits *a = open_node(store), *b = open_node(store);

    spend(a, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, NOW + 100000 * SECOND_US);
    check_refused(b, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW, 30);
    spend(b, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 1, NOW + 30 * SECOND_US);
    limits_drop(&a);
    limits_drop(&b);
    shared_drop(&store, folder);
}

TEST(nodes, count_for_themselves_where_the_rule_says_so)
{
    char folder[32];
    struct store *store = shared_store(folder);
    struct limits *a = open_node(store), *b = open_node(store);

    spend(a, LIMIT_AUDIT_NET, STR("net"), 60, NOW);
    spend(b, LIMIT_AUDIT_NET, STR("net"), 60, NOW);
    limits_drop(&a);
    limits_drop(&b);
    shared_drop(&store, folder);
}

TEST(nodes, forget_what_is_full_again)
{
    char folder[32];
    struct store *store = shared_store(folder);
    struct limits *a = open_node(store), *late;

    spend(a, LIMIT_SIGNIN_ACCOUNT, STR("ann"), 10, NOW);
    spend(a, LIMIT_SIGNIN_ACCOUNT, STR("bob"), 1, NOW);
    CHECK_OK(limits_purge(a, NOW + 31 * SECOND_US));
    late = open_node(store);
    check_refused(late, LIMIT_SIGNIN_ACCOUNT, STR("ann"), NOW, 30);
    spend(late, LIMIT_SIGNIN_ACCOUNT, STR("bob"), 10, NOW);
    limits_drop(&a);
    limits_drop(&late);
    shared_drop(&store, folder);
}

RUN_TESTS(CASE(take, does_not_mind_tries_that_come_out_of_order),
          CASE(limit, grants_the_burst_and_refuses_the_next_for_every_kind),
          CASE(limit, tells_the_exact_seconds_until_one_try_is_there), CASE(limit, does_not_charge_for_a_refused_try),
          CASE(limit, never_holds_more_than_the_burst), CASE(limit, gives_back_one_try_and_never_more_than_were_taken),
          CASE(limit, giving_to_a_subject_that_never_took_changes_nothing),
          CASE(limit, counts_kinds_and_subjects_apart), CASE(limit, counts_an_empty_subject_as_one_of_its_own),
          CASE(limit, counts_addresses_by_their_prefix), CASE(limit, gives_back_to_the_whole_prefix),
          CASE(limit, a_clock_that_steps_back_makes_nobody_wait_longer_than_one_refill),
          CASE(limit, a_clock_that_steps_back_grants_nothing), CASE(limit, off_refuses_nobody_and_none_counts_nothing),
          CASE(limit, drop_accepts_nothing_at_all),
          CASE(limit, keeps_an_attacked_account_through_a_hundred_thousand_others),
          CASE(limit, grants_eight_racing_threads_the_burst_together), CASE(nodes, grant_the_burst_together),
          CASE(nodes, give_back_for_each_other), CASE(nodes, wait_for_no_clock_that_was_wrong),
          CASE(nodes, count_for_themselves_where_the_rule_says_so), CASE(nodes, forget_what_is_full_again))
