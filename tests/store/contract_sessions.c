#include "store/epoch.h"
#include "store/world.h"

/* A person with one session, whose id is the person's. */
static struct session_row add_session(struct world *w, struct person *p, int n)
{
    struct session_row row;
    struct tx *tx;

    person_make(n, p);
    add(w, p);
    row = session_make(p, p->row.id, n);
    tx = begin(w);
    CHECK_OK(sessions_add(tx, &row));
    CHECK_OK(store_commit(&tx));
    return row;
}

/* What decides whether it stands; the rest of the row is left alone. */
TEST(sessions, that_stand_come_back_with_what_decides_and_no_more)
{
    struct world *w = *state;
    struct session_row want, got = { .refresh_number = 7, .address = STR("untouched") };
    struct user_row user = { .hashed_password = STR("untouched") };
    struct person p;
    bool found = false;

    want = add_session(w, &p, 1);
    CHECK_OK(sessions_standing(w->db, w->mem, want.id, &got, &user, &found));
    CHECK(found);
    CHECK_STR(STR("untouched"), user.hashed_password);
    CHECK(user.email_key.ptr == NULL && user.username_key.ptr == NULL);
    user.hashed_password = p.row.hashed_password;
    user.email_key = p.row.email_key;
    user.username_key = p.row.username_key;
    check_same(&p.row, &user);
    CHECK_STR(want.id, got.id);
    CHECK_INT(want.user_id, got.user_id);
    CHECK_INT(NOW + 1, got.last_used_at);
    CHECK_INT(NOW + 2000, got.idle_until);
    CHECK_INT(NOW + 3000, got.expires_at);
    CHECK_INT(0, got.ended_at);
    CHECK_INT(NOW / 1000000, got.auth_time_s);
    CHECK_STR(want.amr, got.amr);
    CHECK(got.acr.ptr == NULL && got.is_web == want.is_web);
    CHECK_STR(want.jkt, got.jkt);
    CHECK_INT(7, got.refresh_number);
    CHECK_STR(STR("untouched"), got.address);
    CHECK(got.created_at == 0 && got.user_agent.ptr == NULL && got.last_address.ptr == NULL);
    found = true;
    CHECK_OK(sessions_standing(w->db, w->mem, STR("0193a1b2-c3d4-7e5f-8a9b-ffffffffffff"), &got, &user, &found));
    CHECK(!found);
    CHECK_STR(want.id, got.id);
}

TEST(sessions, come_back_with_their_account_and_without)
{
    struct world *w = *state;
    struct session_row want, got = { 0 };
    struct user_row user = { 0 };
    struct person p;
    bool found = false;

    want = add_session(w, &p, 1);
    CHECK_OK(sessions_with_user(w->db, w->mem, want.id, &got, &user, &found));
    CHECK(found);
    check_same(&p.row, &user);
    CHECK_STR(want.id, got.id);
    CHECK(digest_equal(&want.refresh_seed, &got.refresh_seed));
    CHECK_INT(0, got.refresh_number);
    CHECK_INT(want.user_id, got.user_id);
    CHECK_INT(NOW, got.created_at);
    CHECK_INT(NOW + 1, got.last_used_at);
    CHECK_INT(NOW + 2000, got.idle_until);
    CHECK_INT(NOW + 3000, got.expires_at);
    CHECK_INT(0, got.ended_at);
    CHECK_INT(NOW / 1000000, got.auth_time_s);
    CHECK(got.end_reason.ptr == NULL && got.acr.ptr == NULL);
    CHECK_STR(want.amr, got.amr);
    CHECK_STR(want.address, got.address);
    CHECK_STR(want.user_agent, got.user_agent);
    CHECK_STR(want.last_address, got.last_address);
    CHECK_STR(want.last_user_agent, got.last_user_agent);
    CHECK_STR(want.jkt, got.jkt);
    CHECK(!got.is_web);
    found = false;
    got = (struct session_row){ 0 };
    CHECK_OK(sessions_by_id(w->db, w->mem, want.id, &got, &found));
    CHECK(found);
    CHECK_STR(want.id, got.id);
}

TEST(sessions, that_do_not_exist_are_not_found)
{
    struct world *w = *state;
    struct session_row got = { .user_id = 77 };
    struct user_row user = { .id = 77 };
    bool found = true;

    CHECK_OK(sessions_with_user(w->db, w->mem, STR("01940000-0000-7000-8000-000000000001"), &got, &user, &found));
    CHECK(!found);
    found = true;
    CHECK_OK(sessions_by_id(w->db, w->mem, STR("01940000-0000-7000-8000-000000000001"), &got, &found));
    CHECK(!found && got.user_id == 77 && user.id == 77);
}

TEST(sessions, of_nobody_are_refused)
{
    struct world *w = *state;
    struct session_row row;
    struct tx *tx = begin(w);
    struct person p;

    person_make(1, &p);
    row = session_make(&p, 4711, 1);
    CHECK_END(ERR_INTERNAL, sessions_add(tx, &row));
    tx_drop(&tx);
}

static struct session_spending spending_of(const struct session_row *row, int64_t number, int64_t now_us)
{
    return (struct session_spending){ row->id, number, now_us, now_us + 500, STR("192.0.2.7"), STR("other/1") };
}

/* In a transaction that gathers, or in one that has begun.  ERR_CONFLICT comes at once or with the commit. */
static bool spend_in(struct tx *tx, const struct session_row *row, int64_t number, int64_t now_us)
{
    struct session_spending by = spending_of(row, number, now_us);
    enum err end = sessions_spend(tx, &by);

    if (end == OK)
        end = store_commit(&tx);
    tx_drop(&tx);
    CHECK(end == OK || end == ERR_CONFLICT);
    return end == OK;
}

static bool spend(struct world *w, const struct session_row *row, int64_t number, int64_t now_us)
{
    struct tx *tx = NULL;

    CHECK_OK(store_gather(w->store, &tx));
    return spend_in(tx, row, number, now_us);
}

TEST(sessions, spend_a_refresh_token_once)
{
    struct world *w = *state;
    struct session_row row, got = { 0 };
    struct person p;
    bool found = false;

    row = add_session(w, &p, 1);
    CHECK(!spend(w, &row, 1, NOW + 50)); /* not given yet */
    CHECK(spend(w, &row, 0, NOW + 50));
    CHECK(!spend(w, &row, 0, NOW + 51));
    CHECK(!spend_in(begin(w), &row, 0, NOW + 51));
    CHECK(spend_in(begin(w), &row, 1, NOW + 52));
    CHECK_OK(sessions_by_id(w->db, w->mem, row.id, &got, &found));
    CHECK(found);
    CHECK_INT(2, got.refresh_number);
    CHECK_INT(NOW + 52, got.last_used_at);
    CHECK_INT(NOW + 552, got.idle_until);
    CHECK_INT(NOW + 3000, got.expires_at);
    CHECK_STR(STR("192.0.2.7"), got.last_address);
    CHECK_STR(STR("other/1"), got.last_user_agent);
    CHECK_STR(row.address, got.address);
}

TEST(sessions, spend_nothing_when_nobody_used_them_or_they_are_too_old)
{
    struct world *w = *state;
    struct session_row row;
    struct person p;

    row = add_session(w, &p, 1);
    CHECK(!spend(w, &row, 0, NOW + 2000)); /* idle_until is the first moment that is too late */
    CHECK(!spend(w, &row, 0, NOW + 3000));
    for (int64_t n = 0; n < 5; n++)
        CHECK(spend(w, &row, n, NOW + 1000 + 400 * n));
    CHECK(!spend(w, &row, 5, NOW + 3000)); /* used all the time, and over all the same */
}

TEST(sessions, end_once_and_keep_no_way_back)
{
    struct world *w = *state;
    struct session_row row, got = { 0 };
    struct person p;
    int64_t ended = -1;
    bool found = false;
    struct tx *tx;

    row = add_session(w, &p, 1);
    tx = begin(w);
    CHECK_OK(sessions_end(tx, row.id, STR("logout"), NOW + 5, &ended));
    CHECK_INT(1, ended);
    CHECK_OK(sessions_end(tx, row.id, STR("again"), NOW + 6, &ended));
    CHECK_INT(0, ended);
    CHECK_OK(store_commit(&tx));
    CHECK(!spend(w, &row, 0, NOW + 7));
    CHECK_OK(sessions_by_id(w->db, w->mem, row.id, &got, &found)); /* ended ones are found too */
    CHECK(found);
    CHECK_INT(NOW + 5, got.ended_at);
    CHECK_STR(STR("logout"), got.end_reason);
}

TEST(sessions, of_one_account_end_together_and_no_others)
{
    struct world *w = *state;
    struct session_row mine, others, got = { 0 };
    struct person p, q, extra;
    struct user_row user;
    int64_t ended = -1;
    bool found = false;
    struct tx *tx;

    mine = add_session(w, &p, 1);
    others = add_session(w, &q, 2);
    person_make(3, &extra);
    mine.id = extra.row.public_id;
    tx = begin(w);
    CHECK_OK(sessions_add(tx, &mine));
    CHECK_OK(sessions_end_all(tx, p.row.id, STR("password"), NOW, &ended));
    CHECK_INT(2, ended);
    CHECK_OK(sessions_end_all(tx, p.row.id, STR("password"), NOW, &ended));
    CHECK_INT(0, ended);
    CHECK_OK(store_commit(&tx));
    CHECK_OK(sessions_with_user(w->db, w->mem, others.id, &got, &user, &found));
    CHECK(found);
    CHECK_INT(0, got.ended_at);
}

#define ALICE STR("01940000-0000-7000-8000-00000000000a")
#define BOB   STR("01940000-0000-7000-8000-00000000000b")

static void add_events(struct world *w)
{
    const struct audit_row rows[] = {
        { .at = NOW + 1,
          .event = STR("signup"),
          .severity = STR("info"),
          .outcome = STR("ok"),
          .actor = ALICE,
          .target = ALICE,
          .address = STR("192.0.2.1"),
          .request_id = STR("r1"),
          .detail = STR("{\"a\":1}") },
        { .at = NOW + 2,
          .event = STR("signin"),
          .severity = STR("notice"),
          .outcome = STR("refused"),
          .reason = STR("password"),
          .target = ALICE,
          .address = STR("192.0.2.2"),
          .request_id = STR("r2") },
        { .at = NOW + 3,
          .event = STR("signin"),
          .severity = STR("info"),
          .outcome = STR("ok"),
          .actor = BOB,
          .target = BOB,
          .address = STR("192.0.2.1"),
          .request_id = STR("r3") },
        { .at = NOW + 4,
          .event = STR("profile"),
          .severity = STR("info"),
          .outcome = STR("ok"),
          .actor = BOB,
          .target = ALICE,
          .session = STR("s"),
          .address = STR("192.0.2.1"),
          .user_agent = STR("u"),
          .method = STR("GET"),
          .route = STR("/users/{id}"),
          .request_id = STR("r4") },
        { .at = NOW + 5, .event = STR("stop"), .severity = STR("info"), .outcome = STR("ok") },
    };
    struct tx *tx = begin(w);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_OK(audit_rows_add(tx, &rows[i]));
    CHECK_OK(store_commit(&tx));
}

typedef enum err (*audit_reader)(struct db *, struct arena *, const struct audit_filter *, struct audit_row **,
                                 size_t *);

static void check_events(struct world *w, audit_reader read, const struct audit_filter *filter, const char *want)
{
    struct audit_row *rows = NULL;
    size_t count = 0;
    char got[16] = "";

    CHECK_OK(read(w->db, w->mem, filter, &rows, &count));
    for (size_t i = 0; i < count && i < sizeof got - 1; i++)
        got[i] = (char)('0' + rows[i].seq);
    assert_string_equal(want, got);
}

TEST(audit, lists_and_tails_what_fits_the_filter_sorted_by_seq)
{
    struct world *w = *state;
    const struct {
        struct audit_filter filter;
        const char *list, *tail;
    } cases[] = {
        { { .limit = 9 }, "12345", "12345" },
        { { .limit = 2 }, "12", "45" },
        { { .limit = 2, .after_seq = 2 }, "34", "45" },
        { { .limit = 9, .after_seq = 5 }, "", "" },
        { { .limit = 9, .upto_seq = 3 }, "123", "123" },
        { { .limit = 2, .upto_seq = 4 }, "12", "34" },
        { { .limit = 9, .after_seq = 2, .upto_seq = 2 }, "", "" },
        { { .limit = 9, .user = ALICE, .upto_seq = 2 }, "12", "12" },
        { { .limit = 9, .event = STR("signin") }, "23", "23" },
        { { .limit = 1, .event = STR("signin") }, "2", "3" },
        { { .limit = 9, .user = ALICE }, "124", "124" },
        { { .limit = 9, .user = BOB }, "34", "34" },
        { { .limit = 1, .user = ALICE }, "1", "4" },
        { { .limit = 9, .user = ALICE, .after_seq = 1, .event = STR("signin") }, "2", "2" },
        { { .limit = 9, .user = STR("nobody") }, "", "" },
        { { .limit = 9, .address = STR("192.0.2.1") }, "134", "134" },
        { { .limit = 9, .severity = STR("notice") }, "2", "2" },
        { { .limit = 9, .request_id = STR("r4") }, "4", "4" },
        { { .limit = 9, .since = NOW + 3 }, "345", "345" },
        { { .limit = 9, .until = NOW + 3 }, "12", "12" },
        { { .limit = 9, .since = NOW + 2, .until = NOW + 4 }, "23", "23" },
    };

    add_events(w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_events(w, audit_rows_list, &cases[i].filter, cases[i].list);
        check_events(w, audit_rows_tail, &cases[i].filter, cases[i].tail);
    }
}

TEST(audit, reads_back_every_column)
{
    struct world *w = *state;
    struct audit_filter filter = { .request_id = STR("r4"), .limit = 1 };
    struct audit_row *rows = NULL;
    size_t count = 0;

    add_events(w);
    CHECK_OK(audit_rows_list(w->db, w->mem, &filter, &rows, &count));
    CHECK_INT(1, count);
    CHECK_INT(NOW + 4, rows->at);
    CHECK_STR(STR("profile"), rows->event);
    CHECK_STR(STR("info"), rows->severity);
    CHECK_STR(STR("ok"), rows->outcome);
    CHECK(rows->reason.ptr == NULL && rows->detail.ptr == NULL);
    CHECK_STR(BOB, rows->actor);
    CHECK_STR(ALICE, rows->target);
    CHECK_STR(STR("s"), rows->session);
    CHECK_STR(STR("192.0.2.1"), rows->address);
    CHECK_STR(STR("u"), rows->user_agent);
    CHECK_STR(STR("GET"), rows->method);
    CHECK_STR(STR("/users/{id}"), rows->route);
}

TEST(audit, is_complete_up_to_its_newest_row)
{
    struct world *w = *state;
    int64_t upto = 7;

    CHECK_OK(audit_rows_settled(w->db, &upto));
    CHECK_INT(0, upto);
    add_events(w);
    CHECK_OK(audit_rows_settled(w->db, &upto));
    CHECK_INT(5, upto);
}

TEST(epoch, knows_its_newest_row_and_no_other_of_that_number)
{
    struct world *w = *state;
    struct mark mark = { 0 };
    bool knows = false;

    CHECK_OK(epoch_read(w->db, &mark));
    CHECK(mark.epoch == EPOCH_FIRST && mark.seq == 0 && mark.at == 0);
    CHECK_OK(epoch_knows(w->db, &mark, &knows));
    CHECK(knows);
    add_events(w);
    CHECK_OK(epoch_read(w->db, &mark));
    CHECK(mark.epoch == EPOCH_FIRST && mark.seq == 5 && mark.at == NOW + 5);
    CHECK_OK(epoch_knows(w->db, &mark, &knows));
    CHECK(knows);
    CHECK_OK(epoch_knows(w->db, &(struct mark){ EPOCH_FIRST, 4, NOW + 5 }, &knows));
    CHECK(!knows);
    CHECK_OK(epoch_knows(w->db, &(struct mark){ EPOCH_FIRST, 6, NOW + 6 }, &knows));
    CHECK(!knows);
    CHECK_OK(epoch_knows(w->db, &(struct mark){ EPOCH_FIRST, 6, 0 }, &knows));
    CHECK(knows); /* of two numbers: the row is not known */
}

/* Sessions 1 and 2 of the first account, 3 of another. */
static void add_three(struct world *w, struct person p[static 3], struct session_row rows[static 3])
{
    struct tx *tx;

    rows[0] = add_session(w, &p[0], 1);
    person_make(2, &p[1]);
    rows[1] = session_make(&p[1], p[0].row.id, 2);
    tx = begin(w);
    CHECK_OK(sessions_add(tx, &rows[1]));
    CHECK_OK(store_commit(&tx));
    rows[2] = add_session(w, &p[2], 3);
}

TEST(sessions, that_are_open_are_listed_by_page)
{
    struct world *w = *state;
    struct session_row rows[3], *got = NULL;
    struct person p[3];
    size_t count = 0;

    add_three(w, p, rows);
    CHECK_OK(sessions_open_of_user(w->db, w->mem, p[0].row.id, NOW, (struct str){ 0 }, 10, &got, &count));
    CHECK_INT(2, count);
    CHECK_STR(rows[0].id, got[0].id);
    CHECK_STR(rows[1].id, got[1].id);
    CHECK_OK(sessions_open_of_user(w->db, w->mem, p[0].row.id, NOW, (struct str){ 0 }, 1, &got, &count));
    CHECK_INT(1, count);
    CHECK_OK(sessions_open_of_user(w->db, w->mem, p[0].row.id, NOW, rows[0].id, 10, &got, &count));
    CHECK_INT(1, count);
    CHECK_STR(rows[1].id, got[0].id);
    CHECK_OK(sessions_open_of_user(w->db, w->mem, p[0].row.id, NOW + 2000, (struct str){ 0 }, 10, &got, &count));
    CHECK_INT(0, count);
}

TEST(sessions, end_by_their_owner_only_and_all_but_one)
{
    struct world *w = *state;
    struct session_row rows[3], *got = NULL;
    struct person p[3];
    int64_t ended = -1;
    size_t count = 0;
    struct tx *tx;

    add_three(w, p, rows);
    tx = begin(w);
    CHECK_OK(sessions_end_of_user(tx, rows[2].id, p[0].row.id, STR("mine"), NOW, &ended));
    CHECK_INT(0, ended);
    CHECK_OK(sessions_end_others(tx, p[0].row.id, rows[1].id, STR("password"), NOW, &ended));
    CHECK_INT(1, ended);
    CHECK_OK(sessions_end_of_user(tx, rows[2].id, p[2].row.id, STR("mine"), NOW, &ended));
    CHECK_INT(1, ended);
    CHECK_OK(store_commit(&tx));
    CHECK_OK(sessions_open_of_user(w->db, w->mem, p[0].row.id, NOW, (struct str){ 0 }, 10, &got, &count));
    CHECK_INT(1, count);
    CHECK_STR(rows[1].id, got[0].id);
}

static struct session_row raised_from(const struct session_row *row)
{
    struct session_row next = *row;
    next.refresh_seed.is[0] ^= 1;
    next.last_used_at = NOW + 100;
    next.idle_until = NOW + 2500;
    next.auth_time_s = row->auth_time_s + 5;
    next.amr = STR("pwd,otp");
    next.acr = STR("aal2");
    next.last_address = STR("192.0.2.9");
    next.last_user_agent = STR("other");
    return next;
}

static bool raise(struct world *w, const struct session_row *row)
{
    struct tx *tx = begin(w);
    bool raised = true;

    CHECK_OK(sessions_raise(tx, row, &raised));
    CHECK_OK(store_commit(&tx));
    return raised;
}

TEST(sessions, are_raised_to_what_was_shown_again)
{
    struct world *w = *state;
    struct person p;
    struct session_row was = add_session(w, &p, 1), next = raised_from(&was), got = { 0 };
    bool found = false;

    CHECK(raise(w, &next));
    CHECK_OK(sessions_by_id(w->db, w->mem, was.id, &got, &found));
    CHECK(found && digest_equal(&next.refresh_seed, &got.refresh_seed));
    CHECK_INT(0, got.refresh_number);
    CHECK_INT(next.last_used_at, got.last_used_at);
    CHECK_INT(next.idle_until, got.idle_until);
    CHECK_INT(next.auth_time_s, got.auth_time_s);
    CHECK_STR(next.amr, got.amr);
    CHECK_STR(next.acr, got.acr);
    CHECK_STR(next.last_address, got.last_address);
    CHECK_STR(next.last_user_agent, got.last_user_agent);
    CHECK_STR(was.address, got.address);
    CHECK_INT(was.expires_at, got.expires_at);
    CHECK_INT(was.created_at, got.created_at);
}

TEST(sessions, that_are_over_are_not_raised)
{
    struct world *w = *state;
    struct person p;
    struct session_row was = add_session(w, &p, 1), next = raised_from(&was), other = next;
    struct tx *tx;

    next.last_used_at = was.idle_until;
    CHECK(!raise(w, &next));
    other.id = STR("00000000-0000-7000-8000-000000000000");
    CHECK(!raise(w, &other));
    tx = begin(w);
    CHECK_OK(sessions_end(tx, was.id, STR("logout"), NOW, NULL));
    CHECK_OK(store_commit(&tx));
    next.last_used_at = NOW + 100;
    CHECK(!raise(w, &next));
}

TEST(sessions, are_strengthened_in_what_they_have_shown_alone)
{
    struct world *w = *state;
    struct person p;
    struct session_row was = add_session(w, &p, 1), got = { 0 };
    struct tx *tx = begin(w);
    bool found = false;

    CHECK_OK(sessions_strengthen(tx, was.id, STR("pwd,otp"), STR("aal2")));
    CHECK_OK(store_commit(&tx));
    CHECK_OK(sessions_by_id(w->db, w->mem, was.id, &got, &found));
    CHECK_STR(STR("pwd,otp"), got.amr);
    CHECK_STR(STR("aal2"), got.acr);
    CHECK(digest_equal(&was.refresh_seed, &got.refresh_seed));
    CHECK_INT(was.auth_time_s, got.auth_time_s);
    CHECK_INT(was.last_used_at, got.last_used_at);
}

int contract_sessions(const struct contract *contract)
{
    void *start = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        FRESH(sessions, come_back_with_their_account_and_without),
        FRESH(sessions, that_stand_come_back_with_what_decides_and_no_more),
        FRESH(sessions, that_do_not_exist_are_not_found),
        FRESH(sessions, of_nobody_are_refused),
        FRESH(sessions, spend_a_refresh_token_once),
        FRESH(sessions, spend_nothing_when_nobody_used_them_or_they_are_too_old),
        FRESH(sessions, are_raised_to_what_was_shown_again),
        FRESH(sessions, that_are_over_are_not_raised),
        FRESH(sessions, are_strengthened_in_what_they_have_shown_alone),
        FRESH(sessions, end_once_and_keep_no_way_back),
        FRESH(sessions, of_one_account_end_together_and_no_others),
        FRESH(sessions, that_are_open_are_listed_by_page),
        FRESH(sessions, end_by_their_owner_only_and_all_but_one),
        FRESH(audit, lists_and_tails_what_fits_the_filter_sorted_by_seq),
        FRESH(audit, reads_back_every_column),
        FRESH(audit, is_complete_up_to_its_newest_row),
        FRESH(epoch, knows_its_newest_row_and_no_other_of_that_number),
    };

    return cmocka_run_group_tests_name("sessions and audit", tests, NULL, NULL);
}
