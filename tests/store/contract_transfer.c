#include <stdlib.h>
#include "store/audit_rows.h"
#include "store/driver.h"
#include "store/migrate.h"
#include "store/pass.h"
#include "store/transfer.h"
#include "store/world.h"

#define PEOPLE 3
#define ACTS   (2 * PASS_ROWS + 7) /* audit rows: two batches and some */

/* Where the copies of these tests go. */
static const struct contract *target;

static struct str target_new(struct world *w)
{
    return arena_copy(w->mem, target->fresh());
}

static void tell(struct str url, const char *text)
{
    struct store *store = NULL;
    struct tx *tx = NULL;

    CHECK_OK(world_open(url, &store));
    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(store->driver->script(tx->db.conn, "tell", text));
    CHECK_OK(store_commit(&tx));
    store_drop(&store);
}

static int64_t ask(struct str url, const char *text)
{
    struct store *store = NULL;
    struct db *db = NULL;
    int64_t number = 0;

    CHECK_OK(world_open(url, &store));
    CHECK_OK(db_open(store, &db));
    CHECK_OK(bulk_number(db, text, &number));
    db_drop(&db);
    store_drop(&store);
    return number;
}

static void migrate(struct str url, int64_t to)
{
    struct store *store = NULL;
    int steps = 0;

    CHECK_OK(world_open(url, &store));
    CHECK_OK(migrate_to(store, NOW, to, &steps));
    store_drop(&store);
}

static enum err ready(struct str url)
{
    struct store *store = NULL;
    struct db *db = NULL;
    enum err end;

    CHECK_OK(world_open(url, &store));
    CHECK_OK(db_open(store, &db));
    end = store_ready(db);
    db_drop(&db);
    store_drop(&store);
    return end;
}

static int64_t add_person(struct world *w, int n)
{
    struct person p;
    struct session_row session;
    struct tx *tx = NULL;

    person_make(n, &p);
    add(w, &p);
    session = session_make(&p, p.row.id, n);
    tx = begin(w);
    CHECK_OK(sessions_add(tx, &session));
    CHECK_OK(store_commit(&tx));
    return p.row.id;
}

static void add_acts(struct world *w, int count)
{
    struct tx *tx = begin(w);

    for (int i = 0; i < count; i++) {
        const struct audit_row row = { .at = NOW + i,
                                       .event = STR("signin"),
                                       .severity = STR("INFO"),
                                       .outcome = STR("success"),
                                       .reason = i % 2 == 0 ? STR("") : (struct str){ NULL, 0 },
                                       .user_agent = STR("Gr\xc3\xbc\xc3\x9f Gott/\xf0\x9f\x90\x8c \\N \t\"") };
        CHECK_OK(audit_rows_add(tx, &row));
    }
    CHECK_OK(store_commit(&tx));
}

static void fill(struct world *w)
{
    for (int n = 1; n <= PEOPLE; n++)
        add_person(w, n);
    add_acts(w, ACTS);
}

static enum err open_copy(struct str from, struct str to, bool restart, struct transfer **t)
{
    struct transfer_options options = { .from = { .url = from, .busy_ms = 20000 },
                                        .to = { .url = to, .busy_ms = 20000, .create = true },
                                        .now_us = NOW,
                                        .restart = restart };
    return transfer_open(&options, t);
}

static enum err go_on(struct transfer *t)
{
    bool more = true;

    while (more)
        TRY(transfer_step(t, &more));
    return OK;
}

/* What a copy has told. */
struct told {
    bool resumed;
    size_t count;
    int64_t rows;
    struct digest digests[BULK_TABLES_MAX];
};

static struct told told_by(const struct transfer *t)
{
    struct told told = { .resumed = transfer_resumed(t), .count = transfer_count(t) };

    for (size_t i = 0; i < told.count; i++) {
        struct transfer_table table;
        transfer_table(t, i, &table);
        told.rows += table.rows;
        told.digests[i] = table.digest;
    }
    return told;
}

static struct told copied(struct str from, struct str to)
{
    struct transfer *t = NULL;
    struct told told;

    CHECK_OK(open_copy(from, to, false, &t));
    CHECK_OK(go_on(t));
    told = told_by(t);
    transfer_drop(&t);
    return told;
}

static void check_told(const struct told *want, const struct told *got)
{
    CHECK_INT(want->rows, got->rows);
    CHECK_INT(want->count, got->count);
    for (size_t i = 0; i < want->count; i++)
        CHECK(digest_equal(&want->digests[i], &got->digests[i]));
}

static void check_refused(struct str from, struct str to, bool restart, enum err want, const char *says)
{
    struct transfer *t = NULL;

    CHECK_END(want, open_copy(from, to, restart, &t));
    CHECK(t == NULL);
    if (strstr(note_get()->text, says) == NULL)
        FAIL_WITH("\"%s\" does not say \"%s\"", note_get()->text, says);
}

/* So many steps, and then no more. */
static void break_off(struct str from, struct str to, int steps)
{
    struct transfer *t = NULL;
    bool more = true;

    CHECK_OK(open_copy(from, to, false, &t));
    for (int i = 0; i < steps && more; i++)
        CHECK_OK(transfer_step(t, &more));
    CHECK(more);
    transfer_drop(&t);
}

TEST(copy, has_every_row_and_the_same_digests_there_and_back)
{
    struct world *w = *state;
    struct str there = target_new(w), back;
    struct told first, second;

    fill(w);
    tell(w->url, "UPDATE epoch SET number = 7");
    first = copied(w->url, there);
    CHECK_INT(2 * PEOPLE + ACTS + 1, first.rows);
    CHECK(!first.resumed);
    CHECK_OK(ready(there));
    CHECK_INT(7, ask(there, "SELECT number FROM epoch"));
    CHECK_INT(ACTS, ask(there, "SELECT COUNT(*) FROM audit_log"));
    CHECK_INT(PEOPLE, ask(there, "SELECT COUNT(*) FROM sessions s JOIN users u ON u.id = s.user_id"));
    CHECK_INT(ACTS / 2, ask(there, "SELECT COUNT(*) FROM audit_log WHERE reason IS NULL"));
    back = arena_copy(w->mem, w->contract->fresh());
    second = copied(there, back);
    check_told(&first, &second);
    CHECK_OK(ready(back));
}

TEST(copy, of_nothing_is_nothing)
{
    struct world *w = *state;
    struct str there = target_new(w);
    struct told told = copied(w->url, there);

    CHECK_INT(1, told.rows); /* of the epoch */
    CHECK_OK(ready(there));
}

TEST(copy, takes_a_target_that_was_migrated_before)
{
    struct world *w = *state;
    struct str there = target_new(w);

    fill(w);
    migrate(there, -1);
    copied(w->url, there);
    CHECK_INT(PEOPLE, ask(there, "SELECT COUNT(*) FROM users"));
    CHECK_INT(1, ask(there, "SELECT COUNT(*) FROM epoch"));
}

/* Fails when a migration puts rows into a table that transfer_open.c does not know for such a one, when a type is used that
 * can't be copied, and when tables refer to each other in a circle. */
TEST(copy, knows_every_table_of_the_migrations)
{
    struct world *w = *state;
    struct bulk_tables tables = { 0 };
    int made = 0;

    for (size_t i = 0; i < sqlite_migration_count; i++)
        for (struct str rest = sqlite_migrations[i].up, line; str_split(&rest, '\n', &line);)
            made += str_starts(line, STR("CREATE TABLE ")) ? 1 : str_starts(line, STR("DROP TABLE ")) ? -1 : 0;
    CHECK_OK(bulk_read_tables(w->db, w->mem, &tables));
    CHECK_INT(made, tables.count);
}

TEST(copy, goes_on_with_the_next_number)
{
    struct world *w = *state;
    struct str there = target_new(w);
    struct store *store = NULL;
    struct person p;
    struct tx *tx = NULL;
    int64_t last;

    fill(w);
    last = add_person(w, 50);
    tell(w->url, "DELETE FROM sessions WHERE user_id = (SELECT MAX(id) FROM users);"
                 " DELETE FROM users WHERE id = (SELECT MAX(id) FROM users)");
    copied(w->url, there);
    CHECK_OK(world_open(there, &store));
    person_make(60, &p);
    CHECK_OK(store_begin(store, &tx));
    CHECK_OK(users_add(tx, &p.row));
    CHECK_OK(audit_rows_add(
        tx, &(struct audit_row){ .event = STR("x"), .severity = STR("INFO"), .outcome = STR("success") }));
    CHECK_OK(store_commit(&tx));
    CHECK_INT(last + 1, p.row.id); /* a number that was given is never given again */
    store_drop(&store);
    CHECK_INT(ask(w->url, "SELECT MAX(seq) FROM audit_log") + 1, ask(there, "SELECT MAX(seq) FROM audit_log"));
}

TEST(copy, keeps_the_counter_of_an_emptied_table)
{
    struct world *w = *state;
    struct str there = target_new(w);
    struct store *store = NULL;
    int64_t last = add_person(w, 1);

    tell(w->url, "DELETE FROM sessions; DELETE FROM users");
    copied(w->url, there);
    CHECK_OK(world_open(there, &store));
    CHECK_OK(person_add(store, 2));
    store_drop(&store);
    CHECK_INT(last + 1, ask(there, "SELECT id FROM users"));
}

TEST(copy, of_an_older_schema_stays_of_that_schema)
{
    struct world *w = *state;
    struct str there = target_new(w);
    int64_t applied = 0;
    int steps = 0;

    fill(w);
    CHECK_OK(migrate_to(w->store, NOW, 2, &steps));
    CHECK_INT(2 * PEOPLE, copied(w->url, there).rows);
    CHECK_END(ERR_CONFLICT, ready(there));
    applied = ask(there, "SELECT MAX(number) FROM schema_migrations");
    CHECK_INT(2, applied);
    migrate(there, -1);
    CHECK_OK(ready(there));
}

TEST(copy, refuses_a_target_that_has_rows_and_changes_nothing)
{
    struct world *w = *state;
    struct str there = target_new(w);
    struct store *store = NULL;

    fill(w);
    migrate(there, 2);
    CHECK_OK(world_open(there, &store));
    CHECK_OK(person_add(store, 9));
    store_drop(&store);
    check_refused(w->url, there, false, ERR_CONFLICT, "not empty");
    check_refused(w->url, there, true, ERR_CONFLICT, "not empty");
    CHECK_INT(1, ask(there, "SELECT COUNT(*) FROM users"));
    CHECK_INT(2, ask(there, "SELECT MAX(number) FROM schema_migrations"));
}

TEST(copy, refuses_a_target_that_was_copied_to_already)
{
    struct world *w = *state;
    struct str there = target_new(w);

    fill(w);
    copied(w->url, there);
    check_refused(w->url, there, false, ERR_CONFLICT, "not empty");
    check_refused(w->url, there, true, ERR_CONFLICT, "not empty");
}

TEST(copy, refuses_to_copy_a_database_to_itself)
{
    struct world *w = *state;

    check_refused(w->url, w->url, false, ERR_CONFLICT, "the same database");
    check_refused(w->url, w->url, true, ERR_CONFLICT, "the same database");
    CHECK_OK(store_ready(w->db));
}

TEST(copy, refuses_a_source_without_a_schema)
{
    struct world *w = *state;
    struct str there = target_new(w);
    int steps = 0;

    CHECK_OK(migrate_to(w->store, NOW, 0, &steps));
    check_refused(w->url, there, false, ERR_CONFLICT, "source: ");
    check_refused(w->url, there, false, ERR_CONFLICT, "no schema");
}

TEST(copy, refuses_a_source_that_is_newer_than_the_program)
{
    struct world *w = *state;
    struct str there = target_new(w);

    tell(w->url, "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (999, 'later', '', 1)");
    check_refused(w->url, there, false, ERR_CONFLICT, "source: the schema is newer than this program");
}

TEST(copy, refuses_a_target_of_a_newer_schema)
{
    struct world *w = *state;
    struct str there = target_new(w);
    int steps = 0;

    CHECK_OK(migrate_to(w->store, NOW, 2, &steps));
    migrate(there, -1);
    check_refused(w->url, there, false, ERR_CONFLICT, "migrate up on the source");
}

TEST(copy, refuses_tables_that_only_one_has)
{
    struct world *w = *state;
    struct str there = target_new(w);

    tell(w->url, "CREATE TABLE guest (id INTEGER PRIMARY KEY)");
    check_refused(w->url, there, false, ERR_CONFLICT, "guest");
}

TEST(copy, refuses_columns_that_differ)
{
    struct world *w = *state;
    struct str there = target_new(w);

    tell(w->url, "ALTER TABLE epoch ADD COLUMN more TEXT");
    check_refused(w->url, there, false, ERR_CONFLICT, "epoch");
}

TEST(copy, refuses_types_that_it_does_not_know)
{
    struct world *w = *state;
    struct str there = target_new(w);

    tell(w->url, "ALTER TABLE epoch ADD COLUMN more REAL");
    check_refused(w->url, there, false, ERR_INTERNAL, "source: epoch.more");
}

TEST(copy, refuses_a_row_that_is_too_great)
{
    struct world *w = *state;
    struct str there = target_new(w);
    struct person p;
    struct transfer *t = NULL;
    char *title = malloc(PASS_ROW_BYTES + 1);

    memset(title, 'x', PASS_ROW_BYTES + 1);
    person_make(1, &p);
    p.row.job_title = (struct str){ title, PASS_ROW_BYTES + 1 };
    add(w, &p);
    CHECK_OK(open_copy(w->url, there, false, &t));
    CHECK_END(ERR_INVALID, go_on(t));
    CHECK(strstr(note_get()->text, "users") != NULL);
    transfer_drop(&t);
    free(title);
    CHECK_END(ERR_CONFLICT, ready(there));
}

/* Rows just below the bound fill batches by their bytes. */
TEST(copy, takes_great_rows)
{
    struct world *w = *state;
    struct str there = target_new(w);
    char *title = malloc(PASS_ROW_BYTES);

    memset(title, 'x', PASS_ROW_BYTES);
    for (int n = 1; n <= 5; n++) {
        struct person p;
        person_make(n, &p);
        p.row.job_title = (struct str){ title, PASS_ROW_BYTES - 4096 };
        add(w, &p);
    }
    free(title);
    CHECK_INT(5 + 1, copied(w->url, there).rows);
}

/* The sweep: after each step there is. */
TEST(copy, that_is_broken_off_after_any_step_goes_on)
{
    struct world *w = *state;
    struct told want;

    fill(w);
    want = copied(w->url, target_new(w));
    for (int steps = 0;; steps++) {
        struct str there = target_new(w);
        struct transfer *t = NULL;
        struct told got;
        bool more = true;
        CHECK_OK(open_copy(w->url, there, false, &t));
        for (int i = 0; i < steps && more; i++)
            CHECK_OK(transfer_step(t, &more));
        transfer_drop(&t);
        if (!more)
            break;
        CHECK_END(ERR_CONFLICT, ready(there));
        CHECK(strstr(note_get()->text, "broken off") != NULL);
        got = copied(w->url, there);
        CHECK(got.resumed);
        check_told(&want, &got);
        CHECK_OK(ready(there));
    }
}

TEST(copy, that_goes_on_takes_what_the_source_has_got_since)
{
    struct world *w = *state;
    struct str there = target_new(w);

    fill(w);
    break_off(w->url, there, 4); /* within the audit trail, which comes first */
    add_person(w, 70);
    add_acts(w, 5);
    CHECK_INT(2 * (PEOPLE + 1) + ACTS + 5 + 1, copied(w->url, there).rows);
    CHECK_INT(ACTS + 5, ask(there, "SELECT COUNT(*) FROM audit_log"));
}

static void check_stale(struct world *w, struct str there)
{
    struct transfer *t = NULL;

    CHECK_OK(open_copy(w->url, there, false, &t));
    CHECK_END(ERR_CONFLICT, go_on(t));
    CHECK(strstr(note_get()->text, "the source has changed") != NULL);
    transfer_drop(&t);
    CHECK_END(ERR_CONFLICT, ready(there));
}

/* The last step but one is behind all rows. */
static void break_off_late(struct str from, struct str to)
{
    struct transfer *t = NULL;
    struct transfer_progress at = { 0 };
    bool more = true;

    CHECK_OK(open_copy(from, to, false, &t));
    while (more && !at.checking) {
        CHECK_OK(transfer_step(t, &more));
        transfer_progress(t, &at);
    }
    CHECK(more);
    transfer_drop(&t);
}

TEST(copy, that_goes_on_refuses_a_source_that_has_changed_and_can_begin_anew)
{
    struct world *w = *state;
    struct str there = target_new(w);
    struct transfer *t = NULL;
    struct told told;

    fill(w);
    break_off_late(w->url, there);
    tell(w->url, "UPDATE users SET job_title = 'Owner' WHERE email_key = 'person2@example.org'");
    check_stale(w, there);
    CHECK_OK(open_copy(w->url, there, true, &t));
    CHECK(!transfer_resumed(t));
    CHECK_OK(go_on(t));
    told = told_by(t);
    CHECK_INT(2 * PEOPLE + ACTS + 1, told.rows);
    transfer_drop(&t);
    CHECK_INT(1, ask(there, "SELECT COUNT(*) FROM users WHERE job_title = 'Owner'"));
    CHECK_OK(ready(there));
}

TEST(copy, that_goes_on_refuses_a_source_that_has_lost_rows)
{
    struct world *w = *state;
    struct str there = target_new(w);

    fill(w);
    break_off_late(w->url, there);
    tell(w->url, "DELETE FROM sessions");
    check_stale(w, there);
}

TEST(copy, that_goes_on_refuses_another_source)
{
    struct world *w = *state;
    struct str there = target_new(w), other = arena_copy(w->mem, w->contract->fresh());
    struct transfer *t = NULL;

    fill(w);
    break_off(w->url, there, 3);
    migrate(other, -1);
    CHECK_OK(open_copy(other, there, false, &t));
    CHECK_END(ERR_CONFLICT, go_on(t));
    transfer_drop(&t);
}

TEST(copy, that_goes_on_refuses_a_source_of_another_schema)
{
    struct world *w = *state;
    struct str there = target_new(w);
    int steps = 0;

    CHECK_OK(migrate_to(w->store, NOW, 2, &steps));
    break_off(w->url, there, 1);
    CHECK_OK(migrate_to(w->store, NOW, -1, &steps));
    check_refused(w->url, there, false, ERR_CONFLICT, "--restart");
}

TEST(copy, refuses_a_source_that_is_not_whole)
{
    struct world *w = *state;
    struct str there = target_new(w), third = target_new(w);

    break_off(w->url, there, 1);
    check_refused(there, third, false, ERR_CONFLICT, "source: a copy into this database was broken off");
}

TEST(copy, finds_a_value_that_is_not_the_same_in_the_end)
{
    struct world *w = *state;
    struct str there = target_new(w);
    struct transfer *t = NULL;
    struct transfer_progress at = { 0 };
    bool more = true;

    fill(w);
    CHECK_OK(open_copy(w->url, there, false, &t));
    while (more && !at.checking) {
        CHECK_OK(transfer_step(t, &more));
        transfer_progress(t, &at);
    }
    tell(there, "UPDATE users SET job_title = 'Owner' WHERE email_key = 'person2@example.org'");
    CHECK_END(ERR_INTERNAL, go_on(t));
    CHECK(strstr(note_get()->text, "users is not the same: 3 rows") != NULL);
    transfer_drop(&t);
    CHECK_END(ERR_CONFLICT, ready(there));
}

TEST(copy, meets_somebody_who_writes_to_the_target)
{
    struct world *w = *state;
    struct str there = target_new(w);
    struct transfer *t = NULL;

    fill(w);
    CHECK_OK(open_copy(w->url, there, false, &t));
    tell(there, "INSERT INTO epoch (id, number) VALUES (1, 3)");
    CHECK_END(ERR_CONFLICT, go_on(t));
    transfer_drop(&t);
    CHECK_END(ERR_CONFLICT, ready(there));
}

TEST(copy, is_of_one_moment_and_tells_what_came_later)
{
    struct world *w = *state;
    struct str there = target_new(w);
    struct transfer *t = NULL;
    int64_t missed = -1;

    fill(w);
    CHECK_OK(open_copy(w->url, there, false, &t));
    add_person(w, 80);
    add_acts(w, 3);
    CHECK_OK(go_on(t));
    CHECK_INT(2 * PEOPLE + ACTS + 1, told_by(t).rows);
    CHECK_OK(transfer_missed(t, &missed));
    CHECK_INT(3, missed);
    transfer_drop(&t);
}

int contract_transfer(const struct contract *from, const struct contract *to, const char *name)
{
    void *start = (void *)(uintptr_t)from;
    const struct CMUnitTest tests[] = {
        FRESH(copy, has_every_row_and_the_same_digests_there_and_back),
        FRESH(copy, of_nothing_is_nothing),
        FRESH(copy, takes_a_target_that_was_migrated_before),
        FRESH(copy, knows_every_table_of_the_migrations),
        FRESH(copy, goes_on_with_the_next_number),
        FRESH(copy, keeps_the_counter_of_an_emptied_table),
        FRESH(copy, of_an_older_schema_stays_of_that_schema),
        FRESH(copy, refuses_a_target_that_has_rows_and_changes_nothing),
        FRESH(copy, refuses_a_target_that_was_copied_to_already),
        FRESH(copy, refuses_to_copy_a_database_to_itself),
        FRESH(copy, refuses_a_source_without_a_schema),
        FRESH(copy, refuses_a_source_that_is_newer_than_the_program),
        FRESH(copy, refuses_a_target_of_a_newer_schema),
        FRESH(copy, refuses_tables_that_only_one_has),
        FRESH(copy, refuses_columns_that_differ),
        FRESH(copy, refuses_types_that_it_does_not_know),
        FRESH(copy, refuses_a_row_that_is_too_great),
        FRESH(copy, takes_great_rows),
        FRESH(copy, that_is_broken_off_after_any_step_goes_on),
        FRESH(copy, that_goes_on_takes_what_the_source_has_got_since),
        FRESH(copy, that_goes_on_refuses_a_source_that_has_changed_and_can_begin_anew),
        FRESH(copy, that_goes_on_refuses_a_source_that_has_lost_rows),
        FRESH(copy, that_goes_on_refuses_another_source),
        FRESH(copy, that_goes_on_refuses_a_source_of_another_schema),
        FRESH(copy, refuses_a_source_that_is_not_whole),
        FRESH(copy, finds_a_value_that_is_not_the_same_in_the_end),
        FRESH(copy, meets_somebody_who_writes_to_the_target),
        FRESH(copy, is_of_one_moment_and_tells_what_came_later),
    };

    target = to;
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int contract_transfer_short(const struct contract *from, const struct contract *to, const char *name)
{
    void *start = (void *)(uintptr_t)from;
    const struct CMUnitTest tests[] = {
        FRESH(copy, has_every_row_and_the_same_digests_there_and_back),
        FRESH(copy, goes_on_with_the_next_number),
        FRESH(copy, refuses_to_copy_a_database_to_itself),
        FRESH(copy, that_goes_on_refuses_a_source_that_has_changed_and_can_begin_anew),
        FRESH(copy, is_of_one_moment_and_tells_what_came_later),
    };

    target = to;
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
