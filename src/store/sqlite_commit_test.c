#include <pthread.h>
#include "base/why.h"
#include "store/sqlite_world.h"

#define THREADS 16
#define EACH    40

struct hand {
    pthread_t thread;
    struct store *store;
    int number;
    enum err ends[EACH];
};

static void *add_each(void *context)
{
    struct hand *h = context;

    for (int i = 0; i < EACH; i++)
        h->ends[i] = person_add(h->store, h->number * EACH + i);
    return NULL;
}

static void all_at_once(struct store *store, struct hand *hands, void *(*work)(void *))
{
    for (int i = 0; i < THREADS; i++) {
        hands[i] = (struct hand){ .store = store, .number = i };
        CHECK_INT(0, pthread_create(&hands[i].thread, NULL, work, &hands[i]));
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(hands[i].thread, NULL);
}

TEST(commit, is_shared_by_transactions_that_come_together)
{
    struct store *store = open_new(fresh());
    struct store_figures before, after;
    struct hand hands[THREADS];

    store_figures(store, &before);
    all_at_once(store, hands, add_each);
    store_figures(store, &after);
    for (int h = 0; h < THREADS; h++)
        for (int i = 0; i < EACH; i++)
            CHECK_INT(OK, hands[h].ends[i]);
    CHECK_INT(THREADS * EACH, after.committed - before.committed);
    CHECK(after.commits - before.commits < after.committed - before.committed);
    CHECK_INT(0, after.failed);
    store_drop(&store);
}

/* One in eight makes SQLite roll back the whole of what is open, which takes those with it that came before in this
 * commit. */
static void *add_or_blow_up(void *context)
{
    struct hand *h = context;

    for (int i = 0; i < EACH; i++) {
        AUTO(tx) struct tx *tx = NULL;
        struct person p;

        person_make(h->number * EACH + i, &p);
        if (i % 8 == 7)
            p.row.name = STR("boom");
        h->ends[i] = store_begin(h->store, &tx);
        if (h->ends[i] == OK)
            h->ends[i] = users_add(tx, &p.row);
        if (i % 8 == 7 && users_add(tx, &p.row) == OK) /* nothing more may run in what is lost */
            h->ends[i] = OK;
        if (h->ends[i] == OK)
            h->ends[i] = store_commit(&tx);
    }
    return NULL;
}

TEST(commit, that_sqlite_gives_up_fails_for_all_of_its_members_and_nobody_else)
{
    struct store *store = open_new(fresh());
    struct db *db = reader(store);
    struct store_figures figures;
    struct hand hands[THREADS];
    struct tx *tx = NULL;
    int good = 0;

    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(store->driver->script(tx->db.conn, "trigger",
                                   "CREATE TRIGGER boom BEFORE INSERT ON users WHEN NEW.name = 'boom'"
                                   " BEGIN SELECT RAISE(ROLLBACK, 'boom'); END"));
    CHECK_OK(store_commit(&tx));
    all_at_once(store, hands, add_or_blow_up);
    for (int h = 0; h < THREADS; h++)
        for (int i = 0; i < EACH; i++) {
            bool known = false;
            CHECK_OK(person_known(db, h * EACH + i, &known));
            CHECK_INT(hands[h].ends[i] == OK, known);
            CHECK(i % 8 != 7 || hands[h].ends[i] == ERR_INTERNAL);
            good += known;
        }
    store_figures(store, &figures);
    CHECK(good > 0 && figures.failed > 0); /* it did happen to others */
    CHECK_OK(person_add(store, 99999));
    db_drop(&db);
    store_drop(&store);
}

TEST(begin, waits_for_its_turn_no_longer_than_told)
{
    struct store *store = NULL;
    struct tx *first = NULL, *second = NULL;
    int steps;

    CHECK_OK(open_as(fresh(), true, 5, &store));
    CHECK_OK(migrate_to(store, NOW, -1, &steps));
    CHECK_OK(store_begin(store, &first));
    CHECK_END(ERR_BUSY, store_begin(store, &second));
    CHECK_INT(WHY_STORE_BUSY, note_get()->why);
    CHECK(second == NULL);
    tx_drop(&first);
    CHECK_OK(person_add(store, 1));
    store_drop(&store);
}

TEST(begin, waits_for_another_program_no_longer_than_told)
{
    struct str url = fresh();
    struct store *ours = open_new(url), *theirs = NULL;
    struct tx *first = NULL, *second = NULL;

    CHECK_OK(open_as(url, false, 5, &theirs));
    CHECK_OK(store_begin(ours, &first));
    CHECK_END(ERR_BUSY, store_begin(theirs, &second));
    CHECK_INT(WHY_STORE_BUSY, note_get()->why);
    CHECK_OK(store_commit(&first));
    CHECK_OK(person_add(theirs, 1));
    CHECK_OK(person_add(ours, 2));
    store_drop(&theirs);
    store_drop(&ours);
}

static FALLIBLE note_event(struct store *store, struct str event)
{
    AUTO(tx) struct tx *tx = NULL;

    TRY(store_gather(store, &tx));
    TRY(audit_rows_add(
        tx, &(struct audit_row){ .at = NOW, .event = event, .severity = STR("INFO"), .outcome = STR("success") }));
    return store_commit(&tx);
}

TEST(gathered, waits_for_its_turn_no_longer_than_told)
{
    struct store *store = NULL;
    struct tx *first = NULL;
    int steps;

    CHECK_OK(open_as(fresh(), true, 5, &store));
    CHECK_OK(migrate_to(store, NOW, -1, &steps));
    CHECK_OK(store_begin(store, &first));
    CHECK_END(ERR_BUSY, note_event(store, STR("x")));
    CHECK_INT(WHY_STORE_BUSY, note_get()->why);
    tx_drop(&first);
    CHECK_OK(note_event(store, STR("x")));
    store_drop(&store);
}

TEST(gathered, waits_for_another_program_no_longer_than_told)
{
    struct str url = fresh();
    struct store *ours = open_new(url), *theirs = NULL;
    struct tx *first = NULL;

    CHECK_OK(open_as(url, false, 5, &theirs));
    CHECK_OK(store_begin(ours, &first));
    CHECK_END(ERR_BUSY, note_event(theirs, STR("x")));
    CHECK_INT(WHY_STORE_BUSY, note_get()->why);
    CHECK_OK(store_commit(&first));
    CHECK_OK(note_event(theirs, STR("x")));
    CHECK_OK(note_event(ours, STR("x")));
    store_drop(&theirs);
    store_drop(&ours);
}

/* "boom" rolls back all that is open, "bang" its own statement. */
static void *note_or_blow_up(void *context)
{
    struct hand *h = context;

    for (int i = 0; i < EACH; i++) {
        char event[24];
        snprintf(event, sizeof event, i % 8 == 7 ? "boom" : i % 8 == 5 ? "bang" : "%d.%d", h->number, i);
        h->ends[i] = note_event(h->store, str_of(event));
    }
    return NULL;
}

TEST(gathered, that_fail_take_none_with_them_unless_sqlite_does)
{
    struct store *store = open_new(fresh());
    AUTO(db) struct db *db = reader(store);
    AUTO(arena) struct arena *mem = arena_new();
    struct audit_row *rows = NULL;
    struct hand hands[THREADS];
    struct tx *tx = NULL;
    size_t count = 0;
    int good = 0, bang = 0;

    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(store->driver->script(tx->db.conn, "trigger",
                                   "CREATE TRIGGER boom BEFORE INSERT ON audit_log WHEN NEW.event = 'boom'"
                                   " BEGIN SELECT RAISE(ROLLBACK, 'boom'); END;"
                                   "CREATE TRIGGER bang BEFORE INSERT ON audit_log WHEN NEW.event = 'bang'"
                                   " BEGIN SELECT RAISE(ABORT, 'bang'); END"));
    CHECK_OK(store_commit(&tx));
    all_at_once(store, hands, note_or_blow_up);
    for (int h = 0; h < THREADS; h++)
        for (int i = 0; i < EACH; i++) {
            CHECK(hands[h].ends[i] == OK || hands[h].ends[i] == ERR_INTERNAL);
            CHECK(hands[h].ends[i] != OK || (i % 8 != 7 && i % 8 != 5));
            good += hands[h].ends[i] == OK;
        }
    CHECK_OK(audit_rows_list(db, mem, &(struct audit_filter){ .limit = 10000 }, &rows, &count));
    CHECK_INT(good, count);
    for (size_t i = 0; i < count; i++)
        bang += str_equal(rows[i].event, STR("bang")) || str_equal(rows[i].event, STR("boom"));
    CHECK_INT(0, bang);
    CHECK(good > 0);
    CHECK_OK(note_event(store, STR("x")));
    db_drop(&db);
    store_drop(&store);
}

int sqlite_commit_tests(void)
{
    const struct CMUnitTest tests[] = {
        CASE(commit, is_shared_by_transactions_that_come_together),
        CASE(commit, that_sqlite_gives_up_fails_for_all_of_its_members_and_nobody_else),
        CASE(begin, waits_for_its_turn_no_longer_than_told),
        CASE(begin, waits_for_another_program_no_longer_than_told),
        CASE(gathered, waits_for_its_turn_no_longer_than_told),
        CASE(gathered, waits_for_another_program_no_longer_than_told),
        CASE(gathered, that_fail_take_none_with_them_unless_sqlite_does),
    };

    return cmocka_run_group_tests_name("sqlite: shared commits", tests, NULL, NULL);
}
