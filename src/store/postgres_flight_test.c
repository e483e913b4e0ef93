/* Statements that travel together, and transactions that meet in the database. */
#include <pthread.h>
#include "base/why.h"
#include "store/postgres_own.h"
#include "store/postgres_world.h"

#define BUSY_MS 20000

static struct str url_of(struct store *store)
{
    return secret_view(&store->engine->url);
}

static int64_t number_of(struct store *store, const char *count)
{
    struct conn *conn = conn_new(store->engine, false);
    PGresult *result = NULL;
    int64_t number = -1;

    CHECK_OK(conn_up(conn));
    CHECK_OK(answer_to(conn, "tell", count, BUSY_MS, &result));
    CHECK(str_to_int(str_of(store->engine->pq->PQgetvalue(result, 0, 0)), 0, INT64_MAX, &number));
    answer_drop(conn, &result);
    conn_free(conn);
    return number;
}

static struct tx *begun_with(struct store *store, struct person *p, int n)
{
    struct tx *tx = NULL;

    person_make(n, p);
    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(users_add(tx, &p->row));
    return tx;
}

/* A person with its session twice: the second is put off as the first is, and fails. */
static struct tx *begun_with_a_fault(struct store *store, int n)
{
    struct person p;
    struct tx *tx = begun_with(store, &p, n);
    struct session_row session = session_make(&p, p.row.id, 1);

    CHECK_OK(sessions_add(tx, &session));
    CHECK_OK(sessions_add(tx, &session));
    return tx;
}

static FALLIBLE add_event(struct tx *tx)
{
    struct audit_row row = { .at = NOW, .event = STR("e"), .severity = STR("info"), .outcome = STR("ok") };
    return audit_rows_add(tx, &row);
}

#define USERS  "SELECT count(*) FROM users"
#define EVENTS "SELECT count(*) FROM audit_log"

TEST(flight, that_fails_is_told_by_the_next_statement)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    struct tx *tx = begun_with_a_fault(store, 1);
    bool known = false;

    CHECK_END(ERR_CONFLICT, person_known(tx_db(tx), 1, &known));
    CHECK(strstr(note_get()->text, "SESSION_ADD") != NULL);
    CHECK_END(ERR_INTERNAL, person_known(tx_db(tx), 1, &known));
    CHECK_END(ERR_INTERNAL, store_commit(&tx));
    CHECK_INT(0, number_of(store, USERS));
    CHECK_OK(person_add(store, 1));
    store_drop(&store);
}

TEST(flight, that_fails_is_told_by_the_commit)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    struct tx *tx = begun_with_a_fault(store, 1);

    CHECK_OK(add_event(tx));
    CHECK_END(ERR_CONFLICT, store_commit(&tx));
    CHECK(tx == NULL && strstr(note_get()->text, "SESSION_ADD") != NULL);
    CHECK_INT(0, number_of(store, USERS));
    CHECK_INT(0, number_of(store, EVENTS));
    CHECK_OK(person_add(store, 1));
    store_drop(&store);
}

TEST(flight, that_is_dropped_leaves_nothing_and_spoils_nothing)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    struct tx *tx = begun_with_a_fault(store, 1);
    struct person p;

    tx_drop(&tx);
    tx = begun_with(store, &p, 1);
    CHECK_OK(add_event(tx));
    tx_drop(&tx);
    CHECK_INT(0, number_of(store, USERS));
    CHECK_INT(0, number_of(store, EVENTS));
    CHECK_OK(person_add(store, 1));
    store_drop(&store);
}

TEST(flight, of_more_than_it_holds_lands_in_between)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    struct person p;
    struct tx *tx = begun_with(store, &p, 1);

    for (int i = 0; i < 3 * FLIGHT_MAX; i++)
        CHECK_OK(add_event(tx));
    CHECK_OK(store_commit(&tx));
    CHECK_INT(3 * FLIGHT_MAX, number_of(store, EVENTS));
    store_drop(&store);
}

TEST(flight, with_a_commit_whose_answer_is_lost_is_found_out)
{
    struct proxy *proxy = proxy_open();
    struct store *store = open_new(proxy_url(proxy, fresh()), BUSY_MS);
    struct person p;

    for (int n = 1; n <= 6; n++) {
        bool lands = n % 2 == 0;
        struct tx *tx = begun_with(store, &p, n);
        CHECK_OK(add_event(tx));
        proxy_do(proxy, lands ? PROXY_CUT_AFTER_COMMIT : PROXY_CUT_BEFORE_COMMIT);
        CHECK_END(lands ? OK : ERR_BUSY, store_commit(&tx));
        CHECK_INT(n / 2, number_of(store, USERS));
        CHECK_INT(n / 2, number_of(store, EVENTS));
    }
    store_drop(&store);
    proxy_drop(&proxy);
}

TEST(transaction, without_a_statement_asks_the_server_nothing)
{
    struct proxy *proxy = proxy_open();
    struct store *store = open_new(proxy_url(proxy, fresh()), BUSY_MS);
    struct tx *tx = NULL;

    proxy_do(proxy, PROXY_SILENT);
    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(store_commit(&tx));
    CHECK_OK(store_begin(store, &tx));
    tx_drop(&tx);
    proxy_do(proxy, PROXY_HONEST);
    store_drop(&store);
    proxy_drop(&proxy);
}

TEST(transaction, whose_first_statement_finds_no_server_does_not_begin_with_its_second)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    const char *name = strrchr(url_of(store).ptr, '/') + 1;
    struct person p;
    struct tx *tx = NULL;

    person_make(1, &p);
    tell("ALTER DATABASE %s ALLOW_CONNECTIONS off", name);
    kill_all(url_of(store));
    CHECK_OK(store_begin(store, &tx));
    CHECK_END(ERR_BUSY, users_add(tx, &p.row));
    tell("ALTER DATABASE %s ALLOW_CONNECTIONS on", name);
    CHECK_END(ERR_BUSY, add_event(tx));
    CHECK_END(ERR_BUSY, store_commit(&tx));
    while (person_add(store, 2) == ERR_BUSY) /* the pause after a failure */
        continue;
    CHECK_INT(1, number_of(store, USERS));
    CHECK_INT(0, number_of(store, EVENTS));
    store_drop(&store);
}

/* --- transactions that meet ---------------------------------------------------------------------------------------- */

#define WAITING   "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
#define DEADLOCKS "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"

static void wait_for(struct store *store, const char *count, int64_t least)
{
    while (number_of(store, count) < least)
        continue;
}

static void add_admin(struct store *store, int n)
{
    struct person p;
    struct tx *tx = NULL;

    person_make(n, &p);
    p.row.roles = STR("admin,user");
    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(users_add(tx, &p.row));
    CHECK_OK(store_commit(&tx));
}

struct holder {
    pthread_t thread;
    struct store *store;
    int64_t held;
    enum err end;
};

static FALLIBLE hold_admins(struct store *store, int64_t *held)
{
    AUTO(tx) struct tx *tx = NULL;

    TRY(store_begin(store, &tx));
    TRY(users_hold_active_admins(tx, held));
    return store_commit(&tx);
}

static void *hold_in_thread(void *context)
{
    struct holder *h = context;

    h->end = hold_admins(h->store, &h->held);
    return NULL;
}

struct wanter {
    pthread_t thread;
    struct conn *conn;
    enum err end;
};

static void *want_in_thread(void *context)
{
    struct wanter *w = context;

    w->end = postgres_script(w->conn, "tell", "UPDATE users SET updated_at = 1 WHERE id = 1");
    return NULL;
}

/* Both queue for the first account, which somebody else has; the rival has the second, which the holder wants next.  The rival
 * looks for a deadlock so late that it is never the one to be ended. */
TEST(deadlock, at_the_first_statement_of_a_transaction_is_not_noticed)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    struct conn *first = conn_new(store->engine, true), *rival = conn_new(store->engine, true);
    struct holder holder = { .store = store };
    struct wanter wanter = { .conn = rival };

    add_admin(store, 1);
    add_admin(store, 2);
    CHECK_OK(postgres_script(first, "tell", "BEGIN; SELECT 1 FROM users WHERE id = 1 FOR UPDATE"));
    CHECK_OK(postgres_script(rival, "tell",
                             "BEGIN; SET LOCAL deadlock_timeout = '60s';"
                             " UPDATE users SET updated_at = 1 WHERE id = 2"));
    CHECK_INT(0, pthread_create(&holder.thread, NULL, hold_in_thread, &holder));
    wait_for(store, WAITING, 1);
    CHECK_INT(0, pthread_create(&wanter.thread, NULL, want_in_thread, &wanter));
    wait_for(store, WAITING, 2);
    CHECK_OK(postgres_script(first, "tell", "ROLLBACK"));
    pthread_join(wanter.thread, NULL);
    CHECK_INT(OK, wanter.end);
    CHECK_OK(postgres_script(rival, "tell", "COMMIT"));
    pthread_join(holder.thread, NULL);
    CHECK_INT(OK, holder.end);
    CHECK_INT(2, holder.held);
    wait_for(store, DEADLOCKS, 1); /* it really happened */
    conn_free(first);
    conn_free(rival);
    store_drop(&store);
}

/* Two nodes give two accounts each other's user name. */
struct swapper {
    pthread_t thread;
    struct store *store;
    pthread_barrier_t *both_hold;
    int mine, other;
    enum err end;
    enum why why;
};

static FALLIBLE swap(struct swapper *s)
{
    AUTO(tx) struct tx *tx = NULL;
    AUTO(arena) struct arena *mem = arena_new();
    struct person mine, other;
    struct user_row row = { 0 };
    bool found = false;

    person_make(s->mine, &mine);
    person_make(s->other, &other);
    TRY(store_begin(s->store, &tx));
    TRY(users_hold(tx, mem, mine.row.public_id, &row, &found));
    pthread_barrier_wait(s->both_hold);
    row.username = other.row.username;
    row.username_key = other.row.username_key;
    TRY(users_update(tx, &row));
    return store_commit(&tx);
}

static void *swap_in_thread(void *context)
{
    struct swapper *s = context;

    s->end = swap(s);
    s->why = note_get()->why;
    return NULL;
}

TEST(deadlock, later_in_a_transaction_ends_one_of_the_two_busy_and_leaves_nothing_of_it)
{
    struct store *store = open_new(fresh(), BUSY_MS);
    struct swapper both[2] = { { .mine = 1, .other = 2 }, { .mine = 2, .other = 1 } };
    pthread_barrier_t both_hold;
    int victim;

    CHECK_OK(person_add(store, 1));
    CHECK_OK(person_add(store, 2));
    pthread_barrier_init(&both_hold, NULL, 2);
    for (int i = 0; i < 2; i++) {
        both[i].both_hold = &both_hold;
        CHECK_OK(open_as(url_of(store), BUSY_MS, &both[i].store));
        CHECK_INT(0, pthread_create(&both[i].thread, NULL, swap_in_thread, &both[i]));
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(both[i].thread, NULL);
        store_drop(&both[i].store);
    }
    victim = both[0].end == ERR_BUSY ? 0 : 1;
    CHECK_INT(ERR_BUSY, both[victim].end);
    CHECK_INT(WHY_STORE_BUSY, both[victim].why);
    CHECK_INT(ERR_CONFLICT, both[1 - victim].end); /* the name is still the victim's */
    CHECK_INT(WHY_USERNAME_TAKEN, both[1 - victim].why);
    CHECK_INT(2, number_of(store, "SELECT count(*) FROM users WHERE username LIKE '%' || id"));
    wait_for(store, DEADLOCKS, 1);
    pthread_barrier_destroy(&both_hold);
    store_drop(&store);
}

int postgres_flight_tests(void)
{
    const struct CMUnitTest tests[] = {
        CASE(flight, that_fails_is_told_by_the_next_statement),
        CASE(flight, that_fails_is_told_by_the_commit),
        CASE(flight, that_is_dropped_leaves_nothing_and_spoils_nothing),
        CASE(flight, of_more_than_it_holds_lands_in_between),
        CASE(flight, with_a_commit_whose_answer_is_lost_is_found_out),
        CASE(transaction, without_a_statement_asks_the_server_nothing),
        CASE(transaction, whose_first_statement_finds_no_server_does_not_begin_with_its_second),
        CASE(deadlock, at_the_first_statement_of_a_transaction_is_not_noticed),
        CASE(deadlock, later_in_a_transaction_ends_one_of_the_two_busy_and_leaves_nothing_of_it),
    };

    return cmocka_run_group_tests_name("PostgreSQL: flights and deadlocks", tests, NULL, NULL);
}
