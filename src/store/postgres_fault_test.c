/* What happens when the server, or the way to it, comes to harm. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/why.h"
#include "store/audit_rows.h"
#include "store/postgres_own.h"
#include "store/postgres_world.h"

#define BUSY_MS 300 /* short: some of these tests wait it out */

static int setup(void **state)
{
    static struct store *store;

    store = open_new(fresh(), BUSY_MS);
    CHECK_OK(person_add(store, 1));
    *state = &store;
    return 0;
}

static int teardown(void **state)
{
    store_drop(*state);
    return 0;
}

static struct str url_of(struct store *store)
{
    return secret_view(&store->engine->url);
}

static struct tx *begun_with(struct store *store, int n)
{
    struct tx *tx = NULL;
    struct person p;

    person_make(n, &p);
    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(users_add(tx, &p.row));
    return tx;
}

/* A server may be away for a moment longer than one try. */
static void check_recovers(struct store *store, int n)
{
    enum err end = ERR_BUSY;
    int64_t until_ns = clock_mono_ns() + INT64_C(20) * 1000000000;

    while (end == ERR_BUSY && clock_mono_ns() < until_ns)
        end = person_add(store, n);
    CHECK_OK(end);
    CHECK(known(store, n));
}

TEST(server, that_drops_idle_connections_is_not_noticed)
{
    struct store *store = *(struct store **)*state;
    struct db *db = NULL;
    bool found = false;

    CHECK_OK(db_open(store, &db));
    CHECK_OK(person_known(db, 1, &found));
    kill_all(url_of(store));
    found = false;
    CHECK_OK(person_known(db, 1, &found));
    CHECK(found);
    CHECK_OK(person_add(store, 2));
    db_drop(&db);
}

TEST(server, that_forgets_prepared_statements_is_not_noticed)
{
    struct store *store = *(struct store **)*state;
    struct db *db = NULL;
    bool found = false;

    CHECK_OK(db_open(store, &db));
    CHECK_OK(person_known(db, 1, &found));
    CHECK_OK(postgres_script(store->engine->readers.links[0], "tell", "DEALLOCATE ALL"));
    CHECK_OK(person_known(db, 1, &found));
    CHECK(found);
    db_drop(&db);
}

TEST(transaction, whose_connection_is_lost_ends_busy_and_leaves_nothing)
{
    struct store *store = *(struct store **)*state;
    struct tx *tx = begun_with(store, 2);
    struct person p;

    person_make(3, &p);
    kill_all(url_of(store));
    CHECK_END(ERR_BUSY, users_add(tx, &p.row));
    CHECK_INT(WHY_STORE_BUSY, note_get()->why);
    CHECK(note_get()->retry_after_s > 0);
    CHECK_END(ERR_BUSY, users_add(tx, &p.row)); /* not on another connection, outside of its transaction */
    CHECK_END(ERR_BUSY, store_commit(&tx));
    CHECK(tx == NULL && !known(store, 2) && !known(store, 3));
    check_recovers(store, 2);
}

TEST(transaction, whose_connection_is_lost_before_its_commit_is_not_there)
{
    struct store *store = *(struct store **)*state;
    struct tx *tx = begun_with(store, 2);

    kill_all(url_of(store));
    CHECK_END(ERR_BUSY, store_commit(&tx));
    CHECK(!known(store, 2));
    tx = begun_with(store, 2);
    kill_all(url_of(store));
    tx_drop(&tx);
    check_recovers(store, 2);
}

TEST(transaction, in_which_a_statement_has_failed_is_never_told_to_be_committed)
{
    struct store *store = *(struct store **)*state;
    struct tx *tx = begun_with(store, 2);
    struct person p;

    person_make(1, &p);
    CHECK_END(ERR_CONFLICT, users_add(tx, &p.row));
    CHECK_END(ERR_INTERNAL, store_commit(&tx));
    CHECK(!known(store, 2));
}

TEST(transaction, that_waits_for_anothers_row_ends_busy_in_time)
{
    struct store *store = *(struct store **)*state;
    struct tx *first = begun_with(store, 2), *second = NULL;
    struct person p;

    person_make(2, &p);
    CHECK_OK(store_begin(store, &second));
    CHECK_END(ERR_BUSY, users_add(second, &p.row)); /* the address may be taken or not: the first has not ended */
    CHECK_INT(WHY_STORE_BUSY, note_get()->why);
    tx_drop(&second);
    CHECK_OK(store_commit(&first));
    CHECK_END(ERR_CONFLICT, person_add(store, 2));
}

TEST(transaction, finds_no_free_connection_and_ends_busy_in_time)
{
    struct store *store = *(struct store **)*state;
    struct tx *held[POSTGRES_WRITERS], *more = NULL;

    for (int i = 0; i < POSTGRES_WRITERS; i++)
        CHECK_OK(store_begin(store, &held[i]));
    CHECK_END(ERR_BUSY, store_begin(store, &more));
    for (int i = 0; i < POSTGRES_WRITERS; i++)
        tx_drop(&held[i]);
    CHECK_OK(person_add(store, 2));
}

TEST(server, that_takes_no_writes_ends_busy_until_it_does)
{
    struct store *store = *(struct store **)*state;
    const char *name = strrchr(url_of(store).ptr, '/') + 1;

    tell("ALTER DATABASE %s SET default_transaction_read_only = on", name);
    kill_all(url_of(store));
    CHECK_END(ERR_BUSY, person_add(store, 2));
    CHECK_INT(WHY_STORE_BUSY, note_get()->why);
    tell("ALTER DATABASE %s RESET default_transaction_read_only", name);
    check_recovers(store, 2);
}

static void run_script(struct store *store, const char *text)
{
    struct conn *conn = conn_new(store->engine, true);

    CHECK_OK(postgres_script(conn, "tell", text));
    conn_free(conn);
}

/* A server whose disk is full says so at a statement, or only at COMMIT (53100). */
static void fill_the_disk(struct store *store, const char *when)
{
    char text[512];

    snprintf(text, sizeof text,
             "CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
             " RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;"
             " CREATE CONSTRAINT TRIGGER no_room AFTER INSERT ON users DEFERRABLE INITIALLY %s FOR EACH ROW"
             " EXECUTE FUNCTION no_room()",
             when);
    run_script(store, text);
}

TEST(disk, that_is_full_fails_the_change_and_keeps_what_was_there)
{
    static const char *const moments[] = { "IMMEDIATE", "DEFERRED" };
    struct store *store = *(struct store **)*state;

    for (int i = 0; i < 2; i++) {
        fill_the_disk(store, moments[i]);
        for (int n = 0; n < 2 * POSTGRES_WRITERS; n++) {
            CHECK_END(ERR_INTERNAL, person_add(store, 2 + i));
            CHECK(strstr(note_get()->text, "No space left on device (SQLSTATE 53100)") != NULL);
        }
        CHECK(known(store, 1) && !known(store, 2 + i));
        run_script(store, "DROP TRIGGER no_room ON users"); /* there is room again */
        CHECK_OK(person_add(store, 2 + i));
        CHECK(known(store, 2 + i));
    }
}

TEST(reader, can_not_write)
{
    struct store *store = *(struct store **)*state;
    struct conn *conn = conn_new(store->engine, false);

    CHECK_END(ERR_BUSY, postgres_script(conn, "tell", "DELETE FROM users"));
    conn_free(conn);
    CHECK(known(store, 1));
}

TEST(audit_log, refuses_to_be_changed_or_emptied)
{
    static const char *const texts[] = { "UPDATE audit_log SET event = 'x'", "DELETE FROM audit_log",
                                         "TRUNCATE audit_log" };
    struct store *store = *(struct store **)*state;
    struct audit_row row = { .at = NOW, .event = STR("e"), .severity = STR("info"), .outcome = STR("ok") };
    struct tx *tx = NULL;

    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(audit_rows_add(tx, &row));
    CHECK_OK(store_commit(&tx));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CHECK_OK(store_begin(store, &tx));
        CHECK_END(ERR_INTERNAL, postgres_script(tx->db.conn, "tell", texts[i]));
        tx_drop(&tx);
    }
}

/* The rest goes through a proxy. */
struct way {
    struct proxy *proxy;
    struct store *store;
};

static struct way way_open(void)
{
    struct way way = { .proxy = proxy_open() };

    way.store = open_new(proxy_url(way.proxy, fresh()), BUSY_MS);
    return way;
}

static void way_close(struct way *way)
{
    proxy_do(way->proxy, PROXY_HONEST);
    store_drop(&way->store);
    proxy_drop(&way->proxy);
}

TEST(commit, whose_answer_is_lost_is_found_out_to_be_there)
{
    struct way way = way_open();

    for (int n = 1; n <= 5; n++) {
        struct tx *tx = begun_with(way.store, n);
        proxy_do(way.proxy, PROXY_CUT_AFTER_COMMIT);
        CHECK_OK(store_commit(&tx));
        CHECK(known(way.store, n));
    }
    way_close(&way);
}

TEST(commit, that_never_arrived_is_found_out_not_to_be_there)
{
    struct way way = way_open();

    for (int n = 1; n <= 5; n++) {
        struct tx *tx = begun_with(way.store, n);
        proxy_do(way.proxy, PROXY_CUT_BEFORE_COMMIT);
        CHECK_END(ERR_BUSY, store_commit(&tx));
        CHECK(strstr(note_get()->text, "nothing of it is there") != NULL);
        CHECK(!known(way.store, n));
    }
    way_close(&way);
}

TEST(commit, that_nobody_can_tell_about_ends_busy_and_says_so)
{
    struct way way = way_open();
    struct tx *tx = begun_with(way.store, 1);

    proxy_do(way.proxy, PROXY_CUT_FOR_GOOD);
    CHECK_END(ERR_BUSY, store_commit(&tx));
    CHECK(tx == NULL);
    proxy_do(way.proxy, PROXY_HONEST);
    check_recovers(way.store, 2);
    CHECK(known(way.store, 1));
    way_close(&way);
}

TEST(server, that_says_nothing_more_holds_nobody_for_long)
{
    struct way way = way_open();
    struct tx *tx = begun_with(way.store, 1);
    int64_t since_ns = clock_mono_ns();

    proxy_do(way.proxy, PROXY_SILENT);
    CHECK_END(ERR_BUSY, store_commit(&tx));
    CHECK(clock_mono_ns() - since_ns < INT64_C(10) * 1000000000); /* its own bound, and one connect_timeout */
    proxy_do(way.proxy, PROXY_HONEST);
    check_recovers(way.store, 2);
    way_close(&way);
}

struct reading {
    struct store *store;
    pthread_t thread;
    enum err end;
};

static void *read_once(void *context)
{
    struct reading *r = context;
    struct db *db = NULL;
    bool found = false;

    r->end = db_open(r->store, &db);
    if (r->end == OK)
        r->end = person_known(db, 1, &found);
    db_drop(&db);
    return NULL;
}

/* The first to come tries; the others have no connection yet either. */
TEST(server, that_is_back_refuses_nobody_who_comes_while_another_tries)
{
    struct way way = way_open();
    struct conn *conn = conn_new(way.store->engine, false);
    struct reading readings[8];

    CHECK_OK(person_add(way.store, 1));
    proxy_do(way.proxy, PROXY_CUT_FOR_GOOD);
    CHECK_END(ERR_BUSY, conn_up(conn));
    conn_free(conn);
    proxy_do(way.proxy, PROXY_HONEST);
    while (clock_mono_ns() < way.store->engine->outage.until_ns)
        continue;
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        readings[i].store = way.store;
        CHECK_INT(0, pthread_create(&readings[i].thread, NULL, read_once, &readings[i]));
    }
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++)
        pthread_join(readings[i].thread, NULL);
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++)
        CHECK_INT(OK, readings[i].end);
    way_close(&way);
}

static struct tx *begun_with_row(struct store *store, struct str event)
{
    const struct audit_row row = { .at = NOW, .event = event, .severity = STR("INFO"), .outcome = STR("ok") };
    struct tx *tx = NULL;

    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(audit_rows_add(tx, &row));
    return tx;
}

/* Its number is smaller than that of a row that is there already. */
TEST(audit_log, is_not_complete_while_an_earlier_row_may_come)
{
    struct store *store = *(struct store **)*state;
    AUTO(arena) struct arena *mem = arena_new();
    AUTO(db) struct db *db = NULL;
    AUTO(store) struct store *slow = NULL; /* the server ends its transactions later */
    struct tx *early, *late;
    struct audit_filter filter = { .limit = 9 };
    struct audit_row *rows = NULL;
    int64_t upto = 0;
    size_t count = 0;

    CHECK_OK(open_as(url_of(store), 20000, &slow));
    early = begun_with_row(slow, STR("early"));
    late = begun_with_row(store, STR("late"));
    CHECK_OK(db_open(store, &db));
    CHECK_OK(store_commit(&late));
    CHECK_OK(audit_rows_list(db, mem, &filter, &rows, &count));
    CHECK(count == 1 && str_equal(rows->event, STR("late")));
    CHECK_END(ERR_BUSY, audit_rows_settled(db, &upto));
    CHECK_INT(0, upto);
    CHECK_OK(store_commit(&early));
    CHECK_OK(audit_rows_settled(db, &upto));
    filter.upto_seq = upto;
    CHECK_OK(audit_rows_list(db, mem, &filter, &rows, &count));
    CHECK(count == 2 && str_equal(rows[0].event, STR("early")) && rows[1].seq == upto);
}

TEST(audit_log, waits_for_nobody_who_has_written_no_row_or_has_taken_it_back)
{
    struct store *store = *(struct store **)*state;
    AUTO(db) struct db *db = NULL;
    struct tx *other = begun_with(store, 7), *undone = begun_with_row(store, STR("undone")),
              *done = begun_with_row(store, STR("done"));
    int64_t upto = 0;

    CHECK_OK(db_open(store, &db));
    CHECK_OK(store_commit(&done));
    tx_drop(&undone);
    CHECK_OK(audit_rows_settled(db, &upto));
    CHECK(upto > 1);
    tx_drop(&other);
}

#define BROKEN(unit, sentence) cmocka_unit_test_setup_teardown(unit##_##sentence, setup, teardown)

/* --- what it says -------------------------------------------------------------------------------------------------- */

/* After a new C library every login to a database warns of its old collation. */
TEST(server, that_warns_at_each_login_writes_nothing_to_stderr)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    struct conn *conn = conn_new(store->engine, false);
    FILE *said = tmpfile();
    int kept = dup(STDERR_FILENO);
    enum err end;

    tell("UPDATE pg_database SET datcollversion = '0' WHERE datname = '%s'", strrchr(url_of(store).ptr, '/') + 1);
    CHECK(said != NULL && kept >= 0 && dup2(fileno(said), STDERR_FILENO) >= 0);
    end = conn_up(conn);
    CHECK(dup2(kept, STDERR_FILENO) >= 0);
    CHECK_OK(end);
    CHECK_INT(0, lseek(fileno(said), 0, SEEK_END));
    conn_free(conn);
    store_drop(&store);
    fclose(said);
    close(kept);
}

int postgres_fault_tests(void)
{
    const struct CMUnitTest tests[] = {
        BROKEN(server, that_drops_idle_connections_is_not_noticed),
        BROKEN(server, that_forgets_prepared_statements_is_not_noticed),
        BROKEN(transaction, whose_connection_is_lost_ends_busy_and_leaves_nothing),
        BROKEN(transaction, whose_connection_is_lost_before_its_commit_is_not_there),
        BROKEN(transaction, in_which_a_statement_has_failed_is_never_told_to_be_committed),
        BROKEN(transaction, that_waits_for_anothers_row_ends_busy_in_time),
        BROKEN(transaction, finds_no_free_connection_and_ends_busy_in_time),
        BROKEN(server, that_takes_no_writes_ends_busy_until_it_does),
        BROKEN(disk, that_is_full_fails_the_change_and_keeps_what_was_there),
        BROKEN(reader, can_not_write),
        BROKEN(audit_log, refuses_to_be_changed_or_emptied),
        BROKEN(audit_log, is_not_complete_while_an_earlier_row_may_come),
        BROKEN(audit_log, waits_for_nobody_who_has_written_no_row_or_has_taken_it_back),
        CASE(commit, whose_answer_is_lost_is_found_out_to_be_there),
        CASE(commit, that_never_arrived_is_found_out_not_to_be_there),
        CASE(commit, that_nobody_can_tell_about_ends_busy_and_says_so),
        CASE(server, that_says_nothing_more_holds_nobody_for_long),
        CASE(server, that_warns_at_each_login_writes_nothing_to_stderr),
        CASE(server, that_is_back_refuses_nobody_who_comes_while_another_tries),
    };

    return cmocka_run_group_tests_name("PostgreSQL: faults", tests, NULL, NULL);
}
