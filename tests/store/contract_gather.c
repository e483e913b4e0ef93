#include <pthread.h>
#include <stdlib.h>
#include "base/why.h"
#include "store/query.h"
#include "store/world.h"

#define HANDS 16
#define EACH  30

static struct tx *gather(struct world *w)
{
    struct tx *tx = NULL;
    CHECK_OK(store_gather(w->store, &tx));
    return tx;
}

static FALLIBLE note_event(struct tx *tx, struct str event, struct str detail)
{
    return audit_rows_add(
        tx, &(struct audit_row){
                .at = NOW, .event = event, .severity = STR("INFO"), .outcome = STR("success"), .detail = detail });
}

static struct audit_row *events(struct world *w, size_t *count)
{
    struct audit_row *rows = NULL;
    CHECK_OK(audit_rows_list(w->db, w->mem, &(struct audit_filter){ .limit = 10000 }, &rows, count));
    return rows;
}

static size_t event_count(struct world *w)
{
    size_t count = 0;
    (void)events(w, &count);
    return count;
}

/* An account with a session that never ends. */
static struct session_row add_session(struct world *w)
{
    struct session_row row;
    struct tx *tx = begin(w);
    struct person p;

    person_make(1, &p);
    CHECK_OK(users_add(tx, &p.row));
    row = session_make(&p, p.row.id, 1);
    row.id = arena_copy(w->mem, row.id);
    row.idle_until = row.expires_at = INT64_MAX;
    CHECK_OK(sessions_add(tx, &row));
    CHECK_OK(store_commit(&tx));
    return row;
}

static FALLIBLE spend(struct tx *tx, const struct session_row *row, int64_t number)
{
    const struct session_spending by = { row->id, number, NOW + 2, INT64_MAX, STR("192.0.2.7"), STR("other/1") };
    return sessions_spend(tx, &by);
}

static int64_t number_of(struct db *db, struct world *w, const struct session_row *row)
{
    struct session_row got = { 0 };
    bool found = false;

    CHECK_OK(sessions_by_id(db, w->mem, row->id, &got, &found));
    CHECK(found);
    return got.refresh_number;
}

TEST(gathered, is_there_whole_when_its_commit_returns)
{
    struct world *w = *state;
    struct session_row row = add_session(w);
    struct store_figures before, after;
    struct tx *tx = gather(w);

    store_figures(w->store, &before);
    CHECK_OK(spend(tx, &row, 0));
    CHECK_OK(note_event(tx, STR("renewed"), STR("{}")));
    CHECK_INT(0, event_count(w));
    CHECK_OK(store_commit(&tx));
    CHECK(tx == NULL);
    CHECK_INT(1, event_count(w));
    CHECK_INT(1, number_of(w->db, w, &row));
    store_figures(w->store, &after);
    CHECK_INT(1, after.committed - before.committed);
    CHECK_INT(0, after.failed);
}

/* What was put into it may be gone by the commit. */
TEST(gathered, keeps_what_it_is_given)
{
    struct world *w = *state;
    struct tx *tx = gather(w);
    char text[] = "{\"a\":1}";
    struct audit_row *rows;
    size_t count = 0;

    CHECK_OK(note_event(tx, STR("kept"), (struct str){ text, sizeof text - 1 }));
    CHECK_OK(note_event(tx, STR("empty"), STR("")));
    CHECK_OK(note_event(tx, STR("absent"), (struct str){ 0 }));
    memset(text, 'x', sizeof text);
    CHECK_OK(store_commit(&tx));
    rows = events(w, &count);
    CHECK_INT(3, count);
    CHECK_STR(STR("{\"a\":1}"), rows[0].detail);
    CHECK(rows[1].detail.ptr != NULL && rows[1].detail.len == 0);
    CHECK(rows[2].detail.ptr == NULL);
}

TEST(gathered, leaves_nothing_when_it_is_dropped)
{
    struct world *w = *state;
    struct session_row row = add_session(w);
    struct tx *tx = gather(w);

    CHECK_OK(note_event(tx, STR("x"), STR("{}")));
    CHECK_OK(spend(tx, &row, 0));
    tx_drop(&tx);
    CHECK(tx == NULL);
    CHECK_INT(0, event_count(w));
    CHECK_INT(0, number_of(w->db, w, &row));
}

TEST(gathered, of_nothing_is_done_at_once)
{
    struct world *w = *state;
    struct tx *tx = gather(w), *sent = gather(w);

    CHECK_OK(store_commit(&tx));
    CHECK_OK(store_send(sent));
    CHECK_OK(store_commit(&sent));
    tx = gather(w);
    tx_drop(&tx);
    CHECK_OK(person_add(w->store, 1));
}

TEST(gathered, keeps_nobody_waiting_before_its_commit)
{
    struct world *w = *state;
    struct session_row row = add_session(w);
    struct tx *tx = gather(w);

    CHECK_OK(note_event(tx, STR("x"), STR("{}")));
    CHECK_OK(person_add(w->store, 2));
    CHECK_OK(store_send(tx));
    CHECK_OK(person_add(w->store, 3));
    CHECK_OK(store_commit(&tx));
    CHECK_INT(1, event_count(w));
    CHECK_INT(0, number_of(w->db, w, &row));
}

TEST(gathered, that_is_dropped_after_it_was_sent_leaves_all_or_nothing)
{
    struct world *w = *state;
    struct session_row row = add_session(w);
    struct tx *tx = gather(w);

    CHECK_OK(note_event(tx, STR("x"), STR("{}")));
    CHECK_OK(spend(tx, &row, 0));
    CHECK_OK(store_send(tx));
    tx_drop(&tx);
    CHECK_INT(number_of(w->db, w, &row), event_count(w));
    CHECK_OK(person_add(w->store, 2));
}

TEST(gathered, comes_to_nothing_when_other_rows_are_changed_than_was_told)
{
    struct world *w = *state;
    struct session_row row = add_session(w);
    struct tx *tx = gather(w);
    enum err end;

    CHECK_OK(note_event(tx, STR("before"), STR("{}")));
    end = spend(tx, &row, 7); /* here or by the commit, as the database has it */
    if (end == OK)
        end = note_event(tx, STR("behind"), STR("{}"));
    if (end == OK)
        end = store_commit(&tx);
    CHECK_INT(ERR_CONFLICT, end);
    CHECK(strstr(note_get()->text, "SESSION_SPEND") != NULL);
    tx_drop(&tx);
    CHECK_INT(0, event_count(w));
    CHECK_INT(0, number_of(w->db, w, &row));
}

TEST(gathered, comes_to_nothing_when_a_statement_is_refused)
{
    struct world *w = *state;
    struct session_row row;
    struct tx *tx = gather(w);
    struct person p;
    enum err end;

    person_make(1, &p);
    row = session_make(&p, 4711, 1); /* of nobody */
    CHECK_OK(note_event(tx, STR("before"), STR("{}")));
    end = sessions_add(tx, &row);
    if (end == OK)
        end = store_commit(&tx);
    CHECK_INT(ERR_INTERNAL, end);
    CHECK(note_get()->text[0] != '\0');
    tx_drop(&tx);
    CHECK_INT(0, event_count(w));
    CHECK_OK(person_add(w->store, 1));
}

TEST(gathered, begins_when_it_is_asked_and_has_done_all_that_came_before)
{
    struct world *w = *state;
    struct session_row row = add_session(w);
    struct tx *tx = gather(w);

    CHECK_OK(note_event(tx, STR("first"), STR("{}")));
    CHECK_OK(spend(tx, &row, 0));
    CHECK_INT(1, number_of(tx_db(tx), w, &row));
    CHECK_INT(0, number_of(w->db, w, &row));
    CHECK_OK(note_event(tx, STR("second"), STR("{}")));
    CHECK_END(ERR_CONFLICT, spend(tx, &row, 0));
    tx_drop(&tx);
    CHECK_INT(0, event_count(w));

    tx = gather(w);
    CHECK_OK(note_event(tx, STR("first"), STR("{}")));
    CHECK_INT(0, number_of(tx_db(tx), w, &row));
    CHECK_OK(note_event(tx, STR("second"), STR("{}")));
    CHECK_OK(store_commit(&tx));
    CHECK_INT(2, event_count(w));
}

TEST(gathered, brings_the_number_of_what_it_adds_with_its_commit)
{
    struct world *w = *state;
    struct tx *tx = gather(w);
    struct user_row got = { 0 };
    struct person p, q;
    bool found = false;
    enum err end;

    person_make(1, &p);
    CHECK_OK(users_add_later(tx, &p.row));
    CHECK_OK(note_event(tx, STR("added"), STR("{}")));
    CHECK_OK(store_commit(&tx));
    CHECK(p.row.id > 0);
    CHECK_OK(users_by_id(w->db, w->mem, p.row.id, &got, &found));
    CHECK(found);
    check_same(&p.row, &got);

    person_make(2, &q);
    q.row.email_key = p.row.email_key;
    tx = gather(w);
    end = users_add_later(tx, &q.row);
    if (end == OK)
        end = store_commit(&tx);
    tx_drop(&tx);
    CHECK_INT(ERR_CONFLICT, end);
    CHECK_INT(1, event_count(w));

    tx = gather(w); /* behind more than is handed over at once */
    for (int i = 0; i < 12; i++)
        CHECK_OK(note_event(tx, STR("many"), STR("{}")));
    CHECK_OK(person_known(tx_db(tx), 2, &found));
    CHECK(!found);
    person_make(2, &q);
    CHECK_OK(users_add_later(tx, &q.row));
    CHECK_OK(store_commit(&tx));
    CHECK(q.row.id > p.row.id);
    tx = gather(w);
    person_make(3, &q);
    CHECK_OK(users_add_later(tx, &q.row));
    CHECK_OK(person_known(tx_db(tx), 3, &found)); /* asked: it has begun, and the number is there */
    CHECK(found && q.row.id > p.row.id);
    tx_drop(&tx);
    CHECK_OK(person_known(w->db, 3, &found));
    CHECK(!found);
}

/* More than is handed over at once: many statements, or long ones. */
TEST(gathered, takes_as_much_as_any_other)
{
    struct world *w = *state;
    struct tx *tx = gather(w);
    struct audit_row *rows;
    char long_text[3000];
    size_t count = 0;

    memset(long_text, 'a', sizeof long_text);
    for (int i = 0; i < 40; i++)
        CHECK_OK(note_event(tx, arena_printf(w->mem, "event.%d", i), STR("{}")));
    CHECK_OK(store_commit(&tx));
    tx = gather(w);
    for (int i = 40; i < 43; i++)
        CHECK_OK(note_event(tx, arena_printf(w->mem, "event.%d", i), (struct str){ long_text, sizeof long_text }));
    CHECK_OK(store_commit(&tx));
    rows = events(w, &count);
    CHECK_INT(43, count);
    for (int i = 0; i < 43; i++)
        CHECK_STR(arena_printf(w->mem, "event.%d", i), rows[i].event);
    CHECK_INT(sizeof long_text, rows[42].detail.len);
}

struct hand {
    pthread_t thread;
    struct world *w;
    const struct session_row *row;
    int number, spent, late, wrong;
};

static FALLIBLE spend_and_note(struct hand *h, int64_t number, bool drop)
{
    AUTO(tx) struct tx *tx = NULL;

    TRY(store_gather(h->w->store, &tx));
    TRY(spend(tx, h->row, number));
    TRY(note_event(tx, STR("spent"), STR("{}")));
    if (number % 3 == 0)
        TRY(store_send(tx));
    return drop ? ERR_MISSING : store_commit(&tx);
}

/* Everybody tries every number; between them come transactions that ask, and some that are dropped. */
static void *spend_each(void *context)
{
    struct hand *h = context;

    for (int i = 0; i < EACH; i++) {
        enum err end = spend_and_note(h, i, false);
        h->spent += end == OK;
        h->late += end == ERR_CONFLICT;
        h->wrong += end != OK && end != ERR_CONFLICT;
        if (i % 4 == 1)
            h->wrong += person_add(h->w->store, 1000 + h->number * EACH + i) != OK;
        if (i % 5 == 2)
            h->wrong += spend_and_note(h, 100000, true) == OK;
    }
    return NULL;
}

TEST(gathered, are_each_done_once_and_whole_whoever_does_them)
{
    struct world *w = *state;
    struct session_row row = add_session(w);
    struct hand hands[HANDS];
    int spent = 0, late = 0, wrong = 0;

    for (int i = 0; i < HANDS; i++) {
        hands[i] = (struct hand){ .w = w, .row = &row, .number = i };
        CHECK_INT(0, pthread_create(&hands[i].thread, NULL, spend_each, &hands[i]));
    }
    for (int i = 0; i < HANDS; i++) {
        pthread_join(hands[i].thread, NULL);
        spent += hands[i].spent;
        late += hands[i].late;
        wrong += hands[i].wrong;
    }
    CHECK_INT(0, wrong);
    CHECK_INT(EACH, spent); /* a hand is late for a number only when another has spent it */
    CHECK_INT((HANDS - 1) * EACH, late);
    CHECK_INT(EACH, number_of(w->db, w, &row));
    CHECK_INT(EACH, event_count(w));
    for (int i = 0; i < HANDS; i++)
        for (int k = 1; k < EACH; k += 4) {
            bool known = false;
            CHECK_OK(person_known(w->db, 1000 + i * EACH + k, &known));
            CHECK(known);
        }
}

int contract_gather(const struct contract *contract)
{
    void *start = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        FRESH(gathered, is_there_whole_when_its_commit_returns),
        FRESH(gathered, keeps_what_it_is_given),
        FRESH(gathered, leaves_nothing_when_it_is_dropped),
        FRESH(gathered, of_nothing_is_done_at_once),
        FRESH(gathered, keeps_nobody_waiting_before_its_commit),
        FRESH(gathered, that_is_dropped_after_it_was_sent_leaves_all_or_nothing),
        FRESH(gathered, comes_to_nothing_when_other_rows_are_changed_than_was_told),
        FRESH(gathered, comes_to_nothing_when_a_statement_is_refused),
        FRESH(gathered, begins_when_it_is_asked_and_has_done_all_that_came_before),
        FRESH(gathered, brings_the_number_of_what_it_adds_with_its_commit),
        FRESH(gathered, takes_as_much_as_any_other),
        FRESH(gathered, are_each_done_once_and_whole_whoever_does_them),
    };

    return cmocka_run_group_tests_name("transactions that gather", tests, NULL, NULL);
}
