/* Reads of many threads that travel together: each gets its own row, whatever happens to the others. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/why.h"
#include "store/postgres_own.h"
#include "store/postgres_world.h"

#define BUSY_MS 20000
#define PEOPLE  16
#define THREADS 32
#define READS   200

/* Each with a session of the same id. */
static struct store *with_people(struct str url)
{
    struct store *store = open_new(url, BUSY_MS);

    for (int n = 1; n <= PEOPLE; n++) {
        struct session_row session;
        struct person p;
        struct tx *tx = NULL;
        person_make(n, &p);
        CHECK_OK(store_begin(store, &tx));
        CHECK_OK(users_add(tx, &p.row));
        session = session_make(&p, p.row.id, n);
        CHECK_OK(sessions_add(tx, &session));
        CHECK_OK(store_commit(&tx));
    }
    return store;
}

enum wish {
    A_USER,
    A_SESSION,
    NO_SESSION,      /* that is there */
    NO_LONG_SESSION, /* nor can be */
    SPOILT_USER,     /* a text that no database takes */
    SPOILT_SESSION
};

/* What a thread has come to: no check of the test's own runs in it. */
struct asker {
    pthread_t thread;
    struct store *store;
    int n;
    enum wish wish;
    int right, wrong, busy, failed;
};

static enum err ask_once(struct asker *a, struct db *db, struct arena *mem, struct user_row *row, bool *found)
{
    struct session_row session;
    struct person p;

    person_make(a->n % PEOPLE + 1, &p);
    switch (a->wish) {
    case A_USER:
        return users_by_public_id(db, mem, p.row.public_id, row, found);
    case A_SESSION:
        return sessions_standing(db, mem, p.row.public_id, &session, row, found);
    case NO_SESSION:
        return sessions_standing(db, mem, STR("\"},{NULL,\\"), &session, row, found);
    case NO_LONG_SESSION:
        return sessions_standing(db, mem, arena_printf(mem, "%0*d", 10000, a->n), &session, row, found);
    case SPOILT_USER:
        return users_by_email(db, mem, STR("\xff\xfe@example.com"), row, found);
    case SPOILT_SESSION:
        return sessions_standing(db, mem, STR("\xff\xfe"), &session, row, found);
    }
    return ERR_INTERNAL;
}

static void count(struct asker *a, enum err end, const struct user_row *row, bool found)
{
    struct person p;
    bool hers;

    person_make(a->n % PEOPLE + 1, &p);
    hers = found && str_equal(row->public_id, p.row.public_id) && str_equal(row->email, p.row.email);
    if (end == ERR_BUSY)
        a->busy++;
    else if (end != OK)
        a->failed++;
    else if (a->wish == A_USER || a->wish == A_SESSION ? hers : !found)
        a->right++;
    else
        a->wrong++;
}

static void *ask_often(void *arg)
{
    struct asker *a = arg;
    struct db *db = NULL;

    if (db_open(a->store, &db) != OK)
        return NULL;
    for (int i = 0; i < READS; i++, a->n += 7) {
        AUTO(arena) struct arena *mem = arena_new();
        struct user_row row = { 0 };
        bool found = false;
        enum err end = ask_once(a, db, mem, &row, &found);
        count(a, end, &row, found);
    }
    db_drop(&db);
    return NULL;
}

/* The threads have these wishes in turn.  meanwhile may be NULL. */
static struct asker ask_at_once(struct store *store, const enum wish *wishes, int count_of,
                                void (*meanwhile)(struct store *))
{
    struct asker all[THREADS] = { 0 }, sum = { 0 };

    for (int i = 0; i < THREADS; i++) {
        all[i] = (struct asker){ .store = store, .n = i, .wish = wishes[i % count_of] };
        CHECK_INT(0, pthread_create(&all[i].thread, NULL, ask_often, &all[i]));
    }
    if (meanwhile != NULL)
        meanwhile(store);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(all[i].thread, NULL);
        sum.right += all[i].right;
        sum.wrong += all[i].wrong;
        sum.busy += all[i].busy;
        sum.failed += all[i].failed;
    }
    return sum;
}

static const enum wish users[] = { A_USER }, both[] = { A_USER, A_SESSION, A_SESSION, A_SESSION };

static bool has_shared(const struct store *store)
{
    for (size_t i = 0; i < COMBINER_PLACES; i++)
        if (store->engine->readers.links[i] != NULL && store->engine->readers.links[i]->prepared[OWN_STANDINGS])
            return true;
    return false;
}

TEST(readers, of_many_threads_get_each_its_own_row_on_few_connections)
{
    struct store *store = with_people(fresh());
    struct asker sum = ask_at_once(store, users, 1, NULL);

    CHECK_INT(THREADS * READS, sum.right);
    CHECK_INT(0, sum.wrong + sum.busy + sum.failed);
    CHECK_INT(store->engine->readers.combiner.made, store->engine->readers.combiner.idle_count);
    store_drop(&store);
}

TEST(readers, that_share_a_statement_get_each_its_own_row_or_none)
{
    static const enum wish wishes[] = {
        A_SESSION, A_USER, A_SESSION, NO_SESSION, A_SESSION, A_SESSION, NO_LONG_SESSION
    };
    struct store *store = with_people(fresh());
    struct asker sum = ask_at_once(store, wishes, 7, NULL);

    CHECK_INT(THREADS * READS, sum.right);
    CHECK_INT(0, sum.wrong + sum.busy + sum.failed);
    CHECK(has_shared(store));
    store_drop(&store);
}

TEST(readers, that_share_a_statement_may_do_so_behind_a_pooler)
{
    struct store *store;
    struct asker sum;

    if (getenv("POSTERN_TEST_PGBOUNCER") == NULL)
        skip();
    store = with_people(fresh_pooled());
    sum = ask_at_once(store, both, 4, NULL);
    CHECK_INT(THREADS * READS, sum.right);
    CHECK_INT(0, sum.wrong + sum.busy + sum.failed);
    store_drop(&store);
}

TEST(readers, whose_statement_fails_spoil_nobody_elses)
{
    static const enum wish wishes[] = { SPOILT_USER, A_USER, A_SESSION, SPOILT_SESSION,
                                        A_USER,      A_USER, A_SESSION, A_SESSION };
    struct store *store = with_people(fresh());
    struct asker sum = ask_at_once(store, wishes, 8, NULL);

    CHECK_INT(THREADS / 4 * READS, sum.failed);
    CHECK_INT(THREADS / 4 * 3 * READS, sum.right);
    CHECK_INT(0, sum.wrong + sum.busy);
    store_drop(&store);
}

static void kill_often(struct store *store)
{
    for (int i = 0; i < 5; i++)
        kill_all(secret_view(&store->engine->url));
}

TEST(readers, that_lose_their_connections_are_told_or_served_and_never_mixed_up)
{
    struct store *store = with_people(fresh());
    struct asker sum = ask_at_once(store, both, 4, kill_often), after;

    CHECK_INT(0, sum.wrong + sum.failed);
    CHECK_INT(THREADS * READS, sum.right + sum.busy);
    after = ask_at_once(store, both, 4, NULL);
    CHECK_INT(THREADS * READS, after.right);
    store_drop(&store);
}

/* As one that a dead network has swallowed. */
TEST(readers, do_not_wait_for_a_connection_that_does_not_come_back)
{
    struct store *store = with_people(fresh());
    struct combiner *c = &store->engine->readers.combiner;
    struct asker alone = { .store = store, .n = 1 };
    struct rider swallowed;

    ask_often(&alone);
    CHECK_INT(1, c->made);
    CHECK(combiner_enter(c, &swallowed));
    ask_often(&alone);
    CHECK_INT(2 * READS, alone.right);
    CHECK_INT(2, c->made);
    combiner_leave(c, swallowed.place);
    store_drop(&store);
}

int postgres_readers_tests(void)
{
    const struct CMUnitTest tests[] = {
        CASE(readers, of_many_threads_get_each_its_own_row_on_few_connections),
        CASE(readers, that_share_a_statement_get_each_its_own_row_or_none),
        CASE(readers, that_share_a_statement_may_do_so_behind_a_pooler),
        CASE(readers, whose_statement_fails_spoil_nobody_elses),
        CASE(readers, do_not_wait_for_a_connection_that_does_not_come_back),
        CASE(readers, that_lose_their_connections_are_told_or_served_and_never_mixed_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
