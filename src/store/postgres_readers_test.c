/* Reads of many threads that travel together: each gets its own row, whatever happens to the others. */
#include <pthread.h>
#include <string.h>
#include "base/arena.h"
#include "base/why.h"
#include "store/postgres_own.h"
#include "store/postgres_world.h"

#define BUSY_MS 20000
#define PEOPLE  16
#define THREADS 32
#define READS   200

static struct store *with_people(void)
{
    struct store *store = open_new(fresh(), BUSY_MS);

    for (int n = 1; n <= PEOPLE; n++)
        CHECK_OK(person_add(store, n));
    return store;
}

/* What a thread has come to: no check of the test's own runs in it. */
struct asker {
    pthread_t thread;
    struct store *store;
    int n;
    bool spoils; /* with a text that no database takes */
    int right, wrong, busy, failed;
};

static enum err ask_once(struct asker *a, struct db *db, struct arena *mem, struct user_row *row, bool *found)
{
    struct person p;

    person_make(a->n % PEOPLE + 1, &p);
    if (a->spoils)
        return users_by_email(db, mem, STR("\xff\xfe@example.com"), row, found);
    return users_by_public_id(db, mem, p.row.public_id, row, found);
}

static void count(struct asker *a, enum err end, const struct user_row *row, bool found)
{
    struct person p;

    person_make(a->n % PEOPLE + 1, &p);
    if (end == ERR_BUSY)
        a->busy++;
    else if (end != OK)
        a->failed++;
    else if (found && str_equal(row->public_id, p.row.public_id) && str_equal(row->email, p.row.email))
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

/* Every `spoiling`-th of them spoils; 0: none.  meanwhile may be NULL. */
static struct asker ask_at_once(struct store *store, int spoiling, void (*meanwhile)(struct store *))
{
    struct asker all[THREADS] = { 0 }, sum = { 0 };

    for (int i = 0; i < THREADS; i++) {
        all[i] = (struct asker){ .store = store, .n = i, .spoils = spoiling != 0 && i % spoiling == 0 };
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

TEST(readers, of_many_threads_get_each_its_own_row_on_few_connections)
{
    struct store *store = with_people();
    struct asker sum = ask_at_once(store, 0, NULL);

    CHECK_INT(THREADS * READS, sum.right);
    CHECK_INT(0, sum.wrong + sum.busy + sum.failed);
    CHECK_INT(store->engine->readers.combiner.made, store->engine->readers.combiner.idle_count);
    store_drop(&store);
}

TEST(readers, whose_statement_fails_spoil_nobody_elses)
{
    struct store *store = with_people();
    struct asker sum = ask_at_once(store, 4, NULL);

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
    struct store *store = with_people();
    struct asker sum = ask_at_once(store, 0, kill_often), after;

    CHECK_INT(0, sum.wrong + sum.failed);
    CHECK_INT(THREADS * READS, sum.right + sum.busy);
    after = ask_at_once(store, 0, NULL);
    CHECK_INT(THREADS * READS, after.right);
    store_drop(&store);
}

/* As one that a dead network has swallowed. */
TEST(readers, do_not_wait_for_a_connection_that_does_not_come_back)
{
    struct store *store = with_people();
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
        CASE(readers, whose_statement_fails_spoil_nobody_elses),
        CASE(readers, do_not_wait_for_a_connection_that_does_not_come_back),
        CASE(readers, that_lose_their_connections_are_told_or_served_and_never_mixed_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
