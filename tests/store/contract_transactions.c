#include <pthread.h>
#include "base/why.h"
#include "store/migrate.h"
#include "store/query.h"
#include "store/world.h"

#define THREADS 50

TEST(tx, leaves_nothing_when_it_is_dropped)
{
    struct world *w = *state;
    struct tx *tx = begin(w);
    bool known = true;
    struct person p;

    person_make(1, &p);
    CHECK_OK(users_add(tx, &p.row));
    CHECK_OK(person_known(tx_db(tx), 1, &known));
    CHECK(known);
    CHECK_OK(person_known(w->db, 1, &known)); /* nobody else sees it yet */
    CHECK(!known);
    tx_drop(&tx);
    CHECK(tx == NULL);
    CHECK_OK(person_known(w->db, 1, &known));
    CHECK(!known);
    tx_drop(&tx);
    CHECK_OK(person_add(w->store, 1));
}

TEST(tx, counts_reads_outside_of_it_only)
{
    struct world *w = *state;
    struct store_figures before, after;
    struct tx *tx = begin(w);
    bool known;

    store_figures(w->store, &before);
    CHECK_OK(person_known(tx_db(tx), 1, &known));
    CHECK_OK(store_commit(&tx));
    CHECK_OK(person_known(w->db, 1, &known));
    CHECK_OK(person_known(w->db, 2, &known));
    store_figures(w->store, &after);
    CHECK_INT(before.reads + 2, after.reads);
    CHECK_INT(before.committed + 1, after.committed);
    CHECK_INT(0, after.failed);
}

TEST(tx, that_was_sent_is_there_when_its_commit_returns_and_keeps_nobody_waiting)
{
    struct world *w = *state;
    struct tx *first = begin(w), *second;
    struct person p;
    bool known = false;

    person_make(1, &p);
    CHECK_OK(users_add(first, &p.row));
    CHECK_OK(store_send(first));
    second = begin(w);
    person_make(2, &p);
    CHECK_OK(users_add(second, &p.row));
    CHECK_OK(store_commit(&second));
    CHECK_OK(store_commit(&first));
    CHECK(first == NULL);
    for (int n = 1; n <= 2; n++) {
        CHECK_OK(person_known(w->db, n, &known));
        CHECK(known);
    }
}

TEST(tx, that_is_dropped_after_it_was_sent_leaves_all_or_nothing)
{
    struct world *w = *state;
    struct tx *tx = begin(w);
    bool known[2] = { false, false };

    for (int n = 1; n <= 2; n++) {
        struct person p;
        person_make(n, &p);
        CHECK_OK(users_add(tx, &p.row));
    }
    CHECK_OK(store_send(tx));
    tx_drop(&tx);
    CHECK(tx == NULL);
    for (int n = 1; n <= 2; n++)
        CHECK_OK(person_known(w->db, n, &known[n - 1]));
    CHECK(known[0] == known[1]);
    CHECK_OK(person_add(w->store, 3));
}

struct hand {
    pthread_t thread;
    struct store *store;
    int number, ends[ERR_INTERNAL + 1], taken; /* how its calls ended */
};

static FALLIBLE sign_up_shared_address(struct hand *h)
{
    AUTO(tx) struct tx *tx = NULL;
    struct person p;

    person_make(h->number, &p);
    p.row.email_key = STR("shared@example.org");
    TRY(store_begin(h->store, &tx));
    TRY(users_add(tx, &p.row));
    return store_commit(&tx);
}

static void *add_one_address(void *context)
{
    struct hand *h = context;
    enum err end = sign_up_shared_address(h);

    h->ends[end]++;
    h->taken += end == ERR_CONFLICT && note_get()->why == WHY_EMAIL_TAKEN;
    return NULL;
}

static void all_at_once(struct world *w, struct hand *hands, size_t count, void *(*work)(void *))
{
    for (size_t i = 0; i < count; i++) {
        hands[i] = (struct hand){ .store = w->store, .number = (int)i };
        CHECK_INT(0, pthread_create(&hands[i].thread, NULL, work, &hands[i]));
    }
    for (size_t i = 0; i < count; i++)
        pthread_join(hands[i].thread, NULL);
}

TEST(tx, lets_one_of_fifty_sign_ups_of_an_address_through)
{
    struct world *w = *state;
    struct hand hands[THREADS];
    int good = 0, taken = 0;

    all_at_once(w, hands, THREADS, add_one_address);
    for (int i = 0; i < THREADS; i++) {
        good += hands[i].ends[OK];
        taken += hands[i].taken;
    }
    CHECK_INT(1, good);
    CHECK_INT(THREADS - 1, taken);
}

#define TOGETHER 12
#define EACH     40

/* Whoever finds the person there, or has it refused, ends without a change; afterwards all must see it. */
static FALLIBLE add_unless_seen(struct hand *h, struct db *db, int number)
{
    AUTO(tx) struct tx *tx = NULL;
    struct person p;
    bool seen = false;

    person_make(number, &p);
    TRY(store_begin(h->store, &tx));
    TRY(person_known(tx_db(tx), number, &seen));
    if (!seen && users_add(tx, &p.row) == OK)
        return store_commit(&tx);
    tx_drop(&tx);
    TRY(person_known(db, number, &seen));
    return seen ? OK : fail(ERR_INTERNAL, "what was seen in it is not there");
}

static void *add_each_unless_seen(void *context)
{
    struct hand *h = context;
    AUTO(db) struct db *db = NULL;

    if (db_open(h->store, &db) != OK)
        return NULL;
    for (int i = 0; i < EACH; i++)
        h->ends[add_unless_seen(h, db, i)]++;
    return NULL;
}

TEST(tx, that_is_dropped_has_seen_nothing_that_others_do_not_see)
{
    struct world *w = *state;
    struct hand hands[TOGETHER];

    all_at_once(w, hands, TOGETHER, add_each_unless_seen);
    for (size_t i = 0; i < TOGETHER; i++)
        CHECK_INT(EACH, hands[i].ends[OK]);
}

/* Every third of its sign-ups is of an address that is taken, every fifth is dropped. */
static void *add_some(void *context)
{
    struct hand *h = context;

    for (int i = 0; i < 30; i++) {
        AUTO(tx) struct tx *tx = NULL;
        struct person p;
        enum err end;

        person_make(1000 + h->number * 100 + i, &p);
        if (i % 3 == 0)
            p.row.email_key = STR("taken@example.org");
        if (store_begin(h->store, &tx) != OK)
            break;
        end = users_add(tx, &p.row);
        if (end == OK && i % 5 != 0)
            end = store_commit(&tx);
        h->ends[end]++;
    }
    return NULL;
}

TEST(tx, is_not_harmed_by_others_that_fail_or_are_dropped)
{
    struct world *w = *state;
    struct hand hands[16];
    struct person p;

    person_make(1, &p);
    p.row.email_key = STR("taken@example.org");
    add(w, &p);
    all_at_once(w, hands, 16, add_some);
    for (int h = 0; h < 16; h++) {
        CHECK_INT(10, hands[h].ends[ERR_CONFLICT]);
        CHECK_INT(20, hands[h].ends[OK]);
        for (int i = 0; i < 30; i++) {
            bool known = false;
            CHECK_OK(person_known(w->db, 1000 + h * 100 + i, &known));
            CHECK_INT(i % 3 != 0 && i % 5 != 0, known);
        }
    }
}

/* Read, change, write: the row is held from the first of these on. */
static FALLIBLE count_up(struct hand *h)
{
    AUTO(tx) struct tx *tx = NULL;
    AUTO(arena) struct arena *mem = arena_new();
    struct user_row row = { 0 };
    struct person p;
    bool found = false;

    person_make(1, &p);
    TRY(store_begin(h->store, &tx));
    TRY(users_hold(tx, mem, p.row.public_id, &row, &found));
    if (!found)
        return ERR_MISSING;
    row.token_version += 1;
    TRY(users_update(tx, &row));
    return store_commit(&tx);
}

static void *count_up_some(void *context)
{
    struct hand *h = context;

    for (int i = 0; i < 10; i++)
        h->ends[count_up(h)]++;
    return NULL;
}

TEST(tx, that_holds_an_account_loses_no_change_to_others)
{
    struct world *w = *state;
    struct user_row got = { 0 };
    struct hand hands[8];
    struct person p;
    bool found = false;

    person_make(1, &p);
    add(w, &p);
    all_at_once(w, hands, 8, count_up_some);
    for (int i = 0; i < 8; i++)
        CHECK_INT(10, hands[i].ends[OK]);
    CHECK_OK(users_by_id(w->db, w->mem, p.row.id, &got, &found));
    CHECK_INT(80, got.token_version);
}

/* Demote the person with the number of this hand, unless nobody would be left. */
static FALLIBLE demote(struct hand *h)
{
    AUTO(tx) struct tx *tx = NULL;
    AUTO(arena) struct arena *mem = arena_new();
    struct user_row row = { 0 };
    struct person p;
    int64_t admins = 0;
    bool found = false;

    person_make(h->number, &p);
    TRY(store_begin(h->store, &tx));
    TRY(users_hold_active_admins(tx, &admins));
    TRY(users_hold(tx, mem, p.row.public_id, &row, &found));
    if (admins < 2)
        return ERR_DENIED;
    row.roles = STR("user");
    TRY(users_update(tx, &row));
    return store_commit(&tx);
}

static void *demote_one(void *context)
{
    struct hand *h = context;
    enum err end;

    do /* what met another in the database is done again */
        end = demote(h);
    while (end == ERR_BUSY);
    h->ends[end]++;
    return NULL;
}

TEST(tx, that_holds_the_administrators_keeps_the_last_of_them)
{
    struct world *w = *state;
    struct hand hands[12];
    int64_t admins = 0;
    int good = 0, denied = 0;
    struct tx *tx;

    for (int n = 0; n < 12; n++) {
        struct person p;
        person_make(n, &p);
        p.row.roles = STR("admin,user");
        add(w, &p);
    }
    all_at_once(w, hands, 12, demote_one);
    for (int i = 0; i < 12; i++) {
        good += hands[i].ends[OK];
        denied += hands[i].ends[ERR_DENIED];
    }
    CHECK_INT(11, good);
    CHECK_INT(1, denied);
    tx = begin(w);
    CHECK_OK(users_hold_active_admins(tx, &admins));
    CHECK_INT(1, admins);
    tx_drop(&tx);
}

static size_t applied(struct world *w)
{
    struct migration_row *rows = NULL;
    size_t count = 0, applied = 0;

    CHECK_OK(migrate_status(w->store, w->mem, &rows, &count));
    CHECK_INT(migrate_newest(), rows[count - 1].number);
    for (size_t i = 0; i < count; i++) {
        CHECK(!rows[i].changed);
        applied += rows[i].applied_at != 0;
    }
    return applied;
}

TEST(migrate, goes_down_and_up_again)
{
    struct world *w = *state;
    size_t all = applied(w);
    int steps = -1;

    CHECK_OK(migrate_to(w->store, NOW, -1, &steps));
    CHECK_INT(0, steps);
    CHECK_OK(person_add(w->store, 1));
    CHECK_OK(migrate_to(w->store, NOW, 1, &steps));
    CHECK_INT(all - 1, steps);
    CHECK_INT(1, applied(w));
    CHECK_END(ERR_CONFLICT, store_ready(w->db));
    CHECK_OK(migrate_to(w->store, NOW, 0, &steps));
    CHECK_INT(0, applied(w));
    CHECK_END(ERR_CONFLICT, store_ready(w->db));
    CHECK_OK(migrate_to(w->store, NOW, -1, &steps));
    CHECK_INT(all, steps);
    CHECK_OK(store_ready(w->db));
    CHECK_OK(person_add(w->store, 1)); /* the one of before is gone */
}

TEST(migrate, plans_what_it_would_run_and_changes_nothing)
{
    struct world *w = *state;
    struct migration_step *plan = NULL;
    size_t all = applied(w), count = 9;
    int steps = 0;

    CHECK_OK(migrate_plan(w->store, w->mem, migrate_newest(), &plan, &count));
    CHECK_INT(0, count);
    CHECK_OK(migrate_plan(w->store, w->mem, 1, &plan, &count));
    CHECK_INT(all - 1, count);
    CHECK(!plan[0].up && plan[0].number == migrate_newest() && plan[count - 1].number == 2);
    CHECK_INT(all, applied(w));
    CHECK_OK(migrate_to(w->store, NOW, 1, &steps));
    CHECK_OK(migrate_plan(w->store, w->mem, migrate_newest(), &plan, &count));
    CHECK_INT(all - 1, count);
    CHECK(plan[0].up && plan[0].number == 2 && str_contains(plan[0].text, STR("CREATE TABLE sessions")));
}

struct migrator {
    pthread_t thread;
    struct store *store;
    enum err end;
    int steps;
};

static void *migrate_up(void *context)
{
    struct migrator *m = context;

    m->end = migrate_to(m->store, NOW, -1, &m->steps);
    return NULL;
}

TEST(migrate, by_four_programs_at_once_runs_each_step_once)
{
    struct world *w = *state;
    size_t all = applied(w);
    struct migrator four[4] = { 0 };
    int steps = 0;

    CHECK_OK(migrate_to(w->store, NOW, 0, &steps));
    steps = 0;
    for (int i = 0; i < 4; i++)
        CHECK_OK(world_open(w->url, &four[i].store));
    for (int i = 0; i < 4; i++)
        CHECK_INT(0, pthread_create(&four[i].thread, NULL, migrate_up, &four[i]));
    for (int i = 0; i < 4; i++) {
        pthread_join(four[i].thread, NULL);
        CHECK_INT(OK, four[i].end);
        steps += four[i].steps;
        store_drop(&four[i].store);
    }
    CHECK_INT(all, steps);
    CHECK_OK(store_ready(w->db));
}

TEST(migrate, refuses_a_schema_that_is_newer_than_the_program)
{
    struct world *w = *state;
    struct tx *tx = begin(w);
    struct migration_row *rows = NULL;
    size_t count = 0;
    int steps = -1;

    CHECK_OK(
        query_run(tx, ASK(MIGRATION_ADD, in_int(9999), in_text(STR("later")), in_text(STR("x")), in_int(NOW)), NULL));
    CHECK_OK(store_commit(&tx));
    CHECK_END(ERR_CONFLICT, store_ready(w->db));
    CHECK_END(ERR_CONFLICT, migrate_to(w->store, NOW, -1, &steps));
    CHECK_END(ERR_CONFLICT, migrate_to(w->store, NOW, 0, &steps));
    CHECK_INT(0, steps);
    CHECK_OK(migrate_status(w->store, w->mem, &rows, &count));
    CHECK_INT(9999, rows[count - 1].number);
    CHECK(rows[count - 1].changed);
}

static void apply_later(struct world *w, int64_t number, struct str name)
{
    struct tx *tx = begin(w);
    CHECK_OK(query_run(tx, ASK(MIGRATION_ADD, in_int(number), in_text(name), in_text(STR("x")), in_int(NOW)), NULL));
    CHECK_OK(store_commit(&tx));
}

/* While nodes of the next program are started one by one, those of this one serve on, and start again. */
TEST(migrate, lives_with_later_steps_that_only_expand_and_moves_nothing_beneath_them)
{
    struct world *w = *state;
    struct migration_step *plan = NULL;
    size_t count = 0;
    int steps = -1;

    apply_later(w, 9998, STR("expand_first"));
    apply_later(w, 9999, STR("expand_second"));
    CHECK_OK(store_ready(w->db));
    CHECK_OK(migrate_to(w->store, NOW, -1, &steps));
    CHECK_INT(0, steps);
    CHECK_OK(person_add(w->store, 1));
    CHECK_END(ERR_CONFLICT, migrate_to(w->store, NOW, migrate_newest() - 1, &steps));
    CHECK_INT(0, steps);
    CHECK_END(ERR_CONFLICT, migrate_plan(w->store, w->mem, 0, &plan, &count));
    CHECK_END(ERR_CONFLICT, migrate_known(w->db));
    CHECK_OK(store_ready(w->db));
}

static void forget_later(struct world *w, int64_t number)
{
    struct tx *tx = begin(w);
    CHECK_OK(query_run(tx, ASK(MIGRATION_REMOVE, in_int(number)), NULL));
    CHECK_OK(store_commit(&tx));
}

TEST(migrate, lives_with_a_later_step_that_takes_away_what_it_does_not_use)
{
    struct world *w = *state;

    apply_later(w, 9000, arena_printf(w->mem, "contract_%lld_thing", (long long)migrate_newest()));
    CHECK_OK(store_ready(w->db));
    apply_later(w, 9001, arena_printf(w->mem, "contract_%lld_thing", (long long)migrate_newest() + 1));
    CHECK_END(ERR_CONFLICT, store_ready(w->db));
}

TEST(migrate, refuses_a_later_step_whose_name_promises_nothing)
{
    static const char *const names[] = { "contract",
                                         "contract_",
                                         "contract_thing",
                                         "contract_9000_thing",
                                         "contract_0_x",
                                         "contract_-1_x",
                                         "contract_1x_thing",
                                         "expand",
                                         "Expand_thing",
                                         " expand_thing",
                                         "contract__1_x",
                                         "contract_1",
                                         "",
                                         "re_expand_thing",
                                         "contract_ 1_x",
                                         "contract_99999999999999999999_thing" };
    struct world *w = *state;

    apply_later(w, 9000, STR("expand_first"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        apply_later(w, 9001, str_of(names[i]));
        CHECK_END(ERR_CONFLICT, store_ready(w->db));
        forget_later(w, 9001);
    }
    CHECK_OK(store_ready(w->db));
}

TEST(migrate, refuses_a_schema_that_was_made_from_another_text)
{
    struct world *w = *state;
    struct tx *tx = begin(w);
    struct migration_row *rows = NULL;
    size_t count = 0;
    int steps = -1;

    CHECK_OK(query_run(tx, ASK(MIGRATION_REMOVE, in_int(1)), NULL));
    CHECK_OK(query_run(tx, ASK(MIGRATION_ADD, in_int(1), in_text(STR("users")), in_text(STR("x")), in_int(NOW)), NULL));
    CHECK_OK(store_commit(&tx));
    CHECK_END(ERR_CONFLICT, store_ready(w->db));
    CHECK_END(ERR_CONFLICT, migrate_to(w->store, NOW, -1, &steps));
    CHECK_END(ERR_CONFLICT, migrate_to(w->store, NOW, 0, &steps));
    CHECK_OK(migrate_status(w->store, w->mem, &rows, &count));
    CHECK(rows[0].changed && !rows[1].changed);
}

/* A migration that fails is rolled back with its row: here the table is there already, but the ledger does not know. */
TEST(migrate, leaves_the_schema_as_it_was_when_a_step_fails)
{
    struct world *w = *state;
    struct tx *tx = begin(w);
    int steps = -1;

    CHECK_OK(query_run(tx, ASK(MIGRATION_REMOVE, in_int(1)), NULL));
    CHECK_OK(store_commit(&tx));
    CHECK_END(ERR_INTERNAL, migrate_to(w->store, NOW, -1, &steps));
    CHECK_INT(0, steps);
    CHECK_END(ERR_CONFLICT, store_ready(w->db));
    CHECK_OK(person_add(w->store, 1));
}

int contract_transactions(const struct contract *contract)
{
    void *start = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        FRESH(tx, leaves_nothing_when_it_is_dropped),
        FRESH(tx, that_was_sent_is_there_when_its_commit_returns_and_keeps_nobody_waiting),
        FRESH(tx, that_is_dropped_after_it_was_sent_leaves_all_or_nothing),
        FRESH(tx, counts_reads_outside_of_it_only),
        FRESH(tx, lets_one_of_fifty_sign_ups_of_an_address_through),
        FRESH(tx, that_is_dropped_has_seen_nothing_that_others_do_not_see),
        FRESH(tx, is_not_harmed_by_others_that_fail_or_are_dropped),
        FRESH(tx, that_holds_an_account_loses_no_change_to_others),
        FRESH(tx, that_holds_the_administrators_keeps_the_last_of_them),
        FRESH(migrate, goes_down_and_up_again),
        FRESH(migrate, plans_what_it_would_run_and_changes_nothing),
        FRESH(migrate, by_four_programs_at_once_runs_each_step_once),
        FRESH(migrate, refuses_a_schema_that_is_newer_than_the_program),
        FRESH(migrate, lives_with_later_steps_that_only_expand_and_moves_nothing_beneath_them),
        FRESH(migrate, lives_with_a_later_step_that_takes_away_what_it_does_not_use),
        FRESH(migrate, refuses_a_later_step_whose_name_promises_nothing),
        FRESH(migrate, refuses_a_schema_that_was_made_from_another_text),
        FRESH(migrate, leaves_the_schema_as_it_was_when_a_step_fails),
    };

    return cmocka_run_group_tests_name("transactions and migrations", tests, NULL, NULL);
}
