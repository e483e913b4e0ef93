/* Snapshots that readers keep: nobody may see less for it, and the log must not grow by it. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include "base/clock.h"
#include "store/news.h"
#include "store/sqlite_own.h"
#include "store/sqlite_world.h"

#define ROUNDS  200
#define READERS 4

static bool knows(struct db *db, int n)
{
    bool known = false;
    CHECK_OK(person_known(db, n, &known));
    return known;
}

/* As often as it takes to be kept: the first opens the log, the next sees that nobody commits. */
static void rest(struct db *db)
{
    for (int i = 0; i < 3; i++)
        (void)knows(db, 0);
    CHECK(db->conn->hold.open);
}

TEST(hold, shows_each_commit_to_the_next_statement)
{
    struct store *store = open_new(fresh());
    struct db *db = reader(store);

    for (int n = 1; n <= 50; n++) {
        rest(db);
        CHECK(!knows(db, n));
        CHECK_OK(person_add(store, n));
        CHECK(knows(db, n));
    }
    db_drop(&db);
    store_drop(&store);
}

static void add_one(struct str url)
{
    struct store *store = NULL;

    MUST(open_as(url, false, 10000, &store) == OK);
    MUST(person_add(store, 1) == OK);
    store_drop(&store);
}

TEST(hold, shows_the_commit_of_another_program_to_the_next_statement)
{
    struct str url = fresh();
    struct store *store = open_new(url);
    struct db *db = reader(store);

    rest(db);
    CHECK(!knows(db, 1));
    CHECK_INT(0, run_child(add_one, url));
    CHECK(knows(db, 1));
    db_drop(&db);
    store_drop(&store);
}

/* Can the log be emptied?  Only when nobody needs it. */
static int empty_log(struct str url)
{
    sqlite3 *other = NULL;
    int code = sqlite3_open_v2(path_of(url), &other, SQLITE_OPEN_READWRITE, NULL);

    CHECK_INT(SQLITE_OK, code);
    CHECK_INT(SQLITE_OK, sqlite3_exec(other, "SELECT COUNT(*) FROM users", NULL, NULL, NULL)); /* it finds the log */
    code = sqlite3_wal_checkpoint_v2(other, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_close(other);
    return code;
}

TEST(hold, is_given_up_when_the_log_is_moved)
{
    struct str url = fresh();
    struct store *store = open_new(url);
    struct db *db = reader(store);

    CHECK_OK(person_add(store, 1));
    rest(db);
    CHECK_INT(SQLITE_BUSY, empty_log(url));
    holds_drop(store->engine);
    CHECK(!db->conn->hold.open);
    CHECK_INT(SQLITE_OK, empty_log(url));
    CHECK(knows(db, 1));
    rest(db);
    CHECK_OK(person_add(store, 2));
    CHECK(knows(db, 2));
    db_drop(&db);
    store_drop(&store);
}

TEST(hold, is_taken_from_readers_at_rest_by_who_hears_of_a_commit)
{
    struct str url = fresh();
    struct store *store = open_new(url);
    struct db *db = reader(store), *ear = reader(store);
    int wake = eventfd(0, EFD_CLOEXEC);
    unsigned heard = 0;

    CHECK_OK(store->driver->hear(ear->conn, wake, 0, &heard));
    rest(db);
    CHECK_OK(store->driver->hear(ear->conn, wake, 0, &heard));
    CHECK_INT(0, heard);
    CHECK(db->conn->hold.open); /* nothing has happened */
    CHECK_INT(0, run_child(add_one, url));
    CHECK_OK(store->driver->hear(ear->conn, wake, 0, &heard));
    CHECK_INT(NEWS_ALL, heard);
    CHECK(!db->conn->hold.open);
    CHECK_INT(SQLITE_OK, empty_log(url));
    close(wake);
    db_drop(&ear);
    db_drop(&db);
    store_drop(&store);
}

TEST(hold, ends_with_a_statement_that_fails)
{
    struct store *store = open_new(fresh());
    struct db *db = reader(store);
    bool known = false;

    CHECK_OK(person_add(store, 1));
    for (int round = 0; round < 2; round++) {
        struct tx *tx = NULL;
        CHECK_OK(store_begin(store, &tx));
        CHECK_OK(store->driver->script(tx->db.conn, "rename", "ALTER TABLE users RENAME TO elsewhere"));
        CHECK_OK(store_commit(&tx));
        CHECK_END(ERR_INTERNAL, person_known(db, 1, &known));
        CHECK_END(ERR_INTERNAL, person_known(db, 1, &known)); /* this one would have been kept */
        CHECK(!db->conn->hold.open);
        CHECK_OK(store_begin(store, &tx));
        CHECK_OK(store->driver->script(tx->db.conn, "rename", "ALTER TABLE elsewhere RENAME TO users"));
        CHECK_OK(store_commit(&tx));
        CHECK(knows(db, 1));
        rest(db);
    }
    db_drop(&db);
    store_drop(&store);
}

TEST(hold, is_no_hindrance_to_what_needs_the_connection_for_itself)
{
    struct store *store = open_new(fresh());
    struct db *db = reader(store);
    bool has = false;

    rest(db);
    CHECK_OK(store_intact(db));
    rest(db);
    CHECK_OK(store->driver->has_table(db->conn, "users", &has));
    CHECK(has);
    rest(db);
    CHECK_OK(store->driver->script(db->conn, "own", "BEGIN; SELECT COUNT(*) FROM users"));
    CHECK_OK(person_add(store, 1));
    CHECK(!knows(db, 1)); /* a moment that somebody holds still by himself stays */
    CHECK(!knows(db, 1));
    CHECK_OK(store->driver->script(db->conn, "own", "COMMIT"));
    CHECK(knows(db, 1));
    db_drop(&db); /* with its snapshot */
    store_drop(&store);
}

struct race {
    struct store *store;
    atomic_int last;
    atomic_bool over;
};

struct watcher {
    pthread_t thread;
    struct race *race;
    int looked, missed, failed;
};

/* What was committed before we began to look must be there. */
static void *watch(void *context)
{
    struct watcher *w = context;
    struct db *db = NULL;

    if (db_open(w->race->store, &db) != OK)
        return NULL;
    while (!atomic_load(&w->race->over)) {
        bool known = false;
        const int last = atomic_load(&w->race->last);
        w->failed += person_known(db, last, &known) != OK;
        w->missed += !known;
        w->looked++;
    }
    db_drop(&db);
    return NULL;
}

static void *disturb(void *context)
{
    struct race *race = context;

    while (!atomic_load(&race->over))
        holds_drop(race->store->engine);
    return NULL;
}

TEST(hold, misses_no_commit_whoever_else_is_at_it)
{
    struct str url = fresh();
    struct race race = { .store = open_new(url) };
    struct watcher watchers[READERS];
    struct store *theirs = NULL;
    pthread_t disturber;

    CHECK_OK(open_as(url, false, 10000, &theirs));
    CHECK_OK(person_add(race.store, 0));
    for (int i = 0; i < READERS; i++) {
        watchers[i] = (struct watcher){ .race = &race };
        CHECK_INT(0, pthread_create(&watchers[i].thread, NULL, watch, &watchers[i]));
    }
    CHECK_INT(0, pthread_create(&disturber, NULL, disturb, &race));
    for (int n = 1; n <= ROUNDS; n++) {
        CHECK_OK(person_add(n % 3 == 0 ? theirs : race.store, n));
        atomic_store(&race.last, n);
    }
    atomic_store(&race.over, true);
    pthread_join(disturber, NULL);
    for (int i = 0; i < READERS; i++) {
        pthread_join(watchers[i].thread, NULL);
        CHECK_INT(0, watchers[i].missed);
        CHECK_INT(0, watchers[i].failed);
        CHECK(watchers[i].looked > 0);
    }
    store_drop(&theirs);
    store_drop(&race.store);
}

int sqlite_hold_tests(void)
{
    const struct CMUnitTest tests[] = {
        CASE(hold, shows_each_commit_to_the_next_statement),
        CASE(hold, shows_the_commit_of_another_program_to_the_next_statement),
        CASE(hold, is_given_up_when_the_log_is_moved),
        CASE(hold, is_taken_from_readers_at_rest_by_who_hears_of_a_commit),
        CASE(hold, ends_with_a_statement_that_fails),
        CASE(hold, is_no_hindrance_to_what_needs_the_connection_for_itself),
        CASE(hold, misses_no_commit_whoever_else_is_at_it),
    };

    return cmocka_run_group_tests_name("sqlite: snapshots that are kept", tests, NULL, NULL);
}
