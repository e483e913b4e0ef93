/* The contract of the tables of authenticator apps and recovery codes. */
#include "store/recovery_codes.h"
#include "store/totp.h"
#include "store/world.h"

#define UNTIL (NOW + 600000000)

static struct person person(struct world *w, int n)
{
    struct person p;
    person_make(n, &p);
    add(w, &p);
    return p;
}

static void offer(struct world *w, int64_t user_id, struct str pending)
{
    struct tx *tx = begin(w);
    CHECK_OK(totp_offer(tx, user_id, pending, UNTIL));
    CHECK_OK(store_commit(&tx));
}

static bool confirm(struct world *w, int64_t user_id, struct str pending, struct str secret)
{
    struct tx *tx = begin(w);
    bool confirmed = false;
    const struct totp_confirming by = { user_id, pending, secret, .step = 100, .now_us = NOW };
    CHECK_OK(totp_confirm(tx, &by, &confirmed));
    CHECK_OK(store_commit(&tx));
    return confirmed;
}

static bool try_totp(struct world *w, int64_t user_id)
{
    struct tx *tx = begin(w);
    bool allowed = false;
    CHECK_OK(totp_try(tx, user_id, &allowed));
    CHECK_OK(store_commit(&tx));
    return allowed;
}

static bool spend(struct world *w, int64_t user_id, struct str secret, int64_t step)
{
    struct tx *tx = begin(w);
    bool spent = false;
    const struct totp_spending by = { user_id, secret, step, NOW + 1 };
    CHECK_OK(totp_spend(tx, &by, &spent));
    CHECK_OK(store_commit(&tx));
    return spent;
}

static struct totp_row row_of(struct world *w, int64_t user_id)
{
    struct totp_row row = { 0 };
    bool found = false;
    CHECK_OK(totp_of_user(w->db, w->mem, user_id, &row, &found));
    CHECK(found);
    return row;
}

static struct user_row user_of(struct world *w, int64_t id)
{
    struct user_row row = { 0 };
    bool found = false;
    CHECK_OK(users_by_id(w->db, w->mem, id, &row, &found));
    CHECK(found);
    return row;
}

TEST(totp, is_a_factor_from_its_confirmation_on)
{
    struct world *w = *state;
    const struct person p = person(w, 1), other = person(w, 2);
    offer(w, p.row.id, STR("box"));
    CHECK(!user_of(w, p.row.id).totp);
    CHECK_STR(STR("box"), row_of(w, p.row.id).pending);
    CHECK(row_of(w, p.row.id).secret.ptr == NULL);
    CHECK(!confirm(w, p.row.id, STR("another box"), STR("sealed")));
    CHECK(confirm(w, p.row.id, STR("box"), STR("sealed")));
    const struct totp_row row = row_of(w, p.row.id);
    CHECK_STR(STR("sealed"), row.secret);
    CHECK(row.pending.ptr == NULL && row.pending_until == 0);
    CHECK(row.created_at == NOW && row.last_step == 100 && row.failures == 0);
    CHECK(user_of(w, p.row.id).totp && !user_of(w, other.row.id).totp);
    CHECK(!confirm(w, p.row.id, STR("box"), STR("again")));
}

TEST(totp, is_confirmed_as_it_was_offered_last_and_stays_until_then)
{
    struct world *w = *state;
    const struct person p = person(w, 1);
    offer(w, p.row.id, STR("box"));
    CHECK(confirm(w, p.row.id, STR("box"), STR("old")));
    offer(w, p.row.id, STR("one"));
    offer(w, p.row.id, STR("two"));
    CHECK(!confirm(w, p.row.id, STR("one"), STR("new")));
    CHECK_STR(STR("old"), row_of(w, p.row.id).secret);
    CHECK(spend(w, p.row.id, STR("old"), 101));
    CHECK(confirm(w, p.row.id, STR("two"), STR("new")));
    CHECK(!spend(w, p.row.id, STR("old"), 102));
}

TEST(totp, spends_each_step_once_and_none_before_it)
{
    struct world *w = *state;
    const struct person p = person(w, 1), other = person(w, 2);
    offer(w, p.row.id, STR("box"));
    CHECK(confirm(w, p.row.id, STR("box"), STR("sealed")));
    CHECK(!spend(w, p.row.id, STR("sealed"), 100));
    CHECK(spend(w, p.row.id, STR("sealed"), 101));
    CHECK(!spend(w, p.row.id, STR("sealed"), 101));
    CHECK(!spend(w, p.row.id, STR("sealed"), 99));
    CHECK(!spend(w, p.row.id, STR("other"), 102));
    CHECK(!spend(w, other.row.id, STR("sealed"), 102));
    CHECK_INT(NOW + 1, row_of(w, p.row.id).last_used_at);
}

TEST(totp, is_disabled_by_a_hundred_tries_and_by_no_more_until_another_is_confirmed)
{
    struct world *w = *state;
    const struct person p = person(w, 1);
    CHECK(!try_totp(w, p.row.id));
    offer(w, p.row.id, STR("box"));
    CHECK(!try_totp(w, p.row.id));
    CHECK(confirm(w, p.row.id, STR("box"), STR("sealed")));
    for (int i = 0; i < FACTOR_FAILURES_MAX; i++)
        CHECK(try_totp(w, p.row.id));
    CHECK(!try_totp(w, p.row.id));
    CHECK_INT(FACTOR_FAILURES_MAX, row_of(w, p.row.id).failures);
    CHECK(user_of(w, p.row.id).totp);
    offer(w, p.row.id, STR("two"));
    CHECK(!try_totp(w, p.row.id));
    CHECK(confirm(w, p.row.id, STR("two"), STR("new")));
    CHECK(try_totp(w, p.row.id));
}

TEST(totp, counts_from_the_start_again_after_a_success)
{
    struct world *w = *state;
    const struct person p = person(w, 1);
    offer(w, p.row.id, STR("box"));
    CHECK(confirm(w, p.row.id, STR("box"), STR("sealed")));
    CHECK(try_totp(w, p.row.id) && try_totp(w, p.row.id));
    CHECK(spend(w, p.row.id, STR("sealed"), 101));
    CHECK_INT(0, row_of(w, p.row.id).failures);
}

TEST(totp, is_gone_when_it_was_removed)
{
    struct world *w = *state;
    const struct person p = person(w, 1);
    struct tx *tx = begin(w);
    bool removed = true;
    CHECK_OK(totp_remove(tx, p.row.id, &removed));
    CHECK(!removed);
    CHECK_OK(store_commit(&tx));
    offer(w, p.row.id, STR("box"));
    CHECK(confirm(w, p.row.id, STR("box"), STR("sealed")));
    tx = begin(w);
    CHECK_OK(totp_remove(tx, p.row.id, &removed));
    CHECK(removed);
    CHECK_OK(store_commit(&tx));
    CHECK(!user_of(w, p.row.id).totp && !spend(w, p.row.id, STR("sealed"), 101));
}

TEST(totp, has_its_boxes_listed_and_sealed_anew)
{
    struct world *w = *state;
    const int64_t ids[] = { person(w, 1).row.id, person(w, 2).row.id, person(w, 3).row.id };
    struct totp_boxes *rows = NULL;
    size_t count = 0;
    CHECK_OK(totp_boxes_after(w->db, w->mem, 0, &rows, &count));
    CHECK_INT(0, count);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        offer(w, ids[i], STR("pending"));
    CHECK(confirm(w, ids[1], STR("pending"), STR("secret")));
    CHECK_OK(totp_boxes_after(w->db, w->mem, ids[0], &rows, &count));
    CHECK_INT(2, count);
    CHECK(rows[0].user_id == ids[1] && rows[1].user_id == ids[2]);
    CHECK_STR(user_of(w, ids[1]).public_id, rows[0].public_id);
    CHECK_STR(STR("secret"), rows[0].secret);
    CHECK(rows[0].pending.ptr == NULL && rows[1].secret.ptr == NULL);
    CHECK_STR(STR("pending"), rows[1].pending);

    rows[0].secret = STR("another box");
    struct tx *tx = begin(w);
    CHECK_OK(totp_reseal(tx, &rows[0]));
    CHECK_OK(store_commit(&tx));
    CHECK_STR(STR("another box"), row_of(w, ids[1]).secret);
    CHECK(row_of(w, ids[1]).last_step == 100 && user_of(w, ids[1]).totp && !user_of(w, ids[2]).totp);
    CHECK_STR(STR("pending"), row_of(w, ids[2]).pending);
}

static struct digest code(int n)
{
    return digest_of((struct str){ (const char *)&n, sizeof n });
}

static void put(struct world *w, int64_t user_id, int from, size_t count)
{
    struct digest digests[10];
    struct tx *tx = begin(w);
    for (size_t i = 0; i < count; i++)
        digests[i] = code(from + (int)i);
    CHECK_OK(recovery_codes_put(tx, user_id, digests, count, NOW));
    CHECK_OK(store_commit(&tx));
}

static bool spend_code(struct world *w, int64_t user_id, int n)
{
    const struct digest digest = code(n);
    struct tx *tx = begin(w);
    bool spent = false;
    CHECK_OK(recovery_codes_spend(tx, user_id, &digest, &spent));
    CHECK_OK(store_commit(&tx));
    return spent;
}

static bool try_code(struct world *w, int64_t user_id)
{
    struct tx *tx = begin(w);
    bool allowed = false;
    CHECK_OK(recovery_codes_try(tx, user_id, &allowed));
    CHECK_OK(store_commit(&tx));
    return allowed;
}

TEST(recovery_codes, serve_once_and_their_own_account)
{
    struct world *w = *state;
    const struct person p = person(w, 1), other = person(w, 2);
    put(w, p.row.id, 0, 10);
    CHECK_INT(10, user_of(w, p.row.id).recovery_codes);
    CHECK_INT(0, user_of(w, other.row.id).recovery_codes);
    CHECK(!spend_code(w, other.row.id, 3));
    CHECK(spend_code(w, p.row.id, 3) && !spend_code(w, p.row.id, 3));
    CHECK(!spend_code(w, p.row.id, 10));
    CHECK_INT(9, user_of(w, p.row.id).recovery_codes);
}

TEST(recovery_codes, of_an_old_sheet_are_gone_with_the_new_one)
{
    struct world *w = *state;
    const struct person p = person(w, 1), other = person(w, 2);
    put(w, p.row.id, 0, 10);
    put(w, other.row.id, 20, 10);
    put(w, p.row.id, 10, 10);
    CHECK_INT(10, user_of(w, p.row.id).recovery_codes);
    CHECK_INT(10, user_of(w, other.row.id).recovery_codes);
    CHECK(!spend_code(w, p.row.id, 0) && spend_code(w, p.row.id, 10) && spend_code(w, other.row.id, 20));
}

TEST(recovery_codes, are_disabled_by_a_hundred_tries_until_there_are_others)
{
    struct world *w = *state;
    const struct person p = person(w, 1);
    int64_t failures = -1;
    CHECK(!try_code(w, p.row.id));
    CHECK_OK(recovery_codes_failures(w->db, p.row.id, &failures));
    CHECK_INT(0, failures);
    put(w, p.row.id, 0, 10);
    for (int i = 0; i < FACTOR_FAILURES_MAX; i++)
        CHECK(try_code(w, p.row.id));
    CHECK(!try_code(w, p.row.id));
    CHECK_OK(recovery_codes_failures(w->db, p.row.id, &failures));
    CHECK_INT(FACTOR_FAILURES_MAX, failures);
    put(w, p.row.id, 10, 10);
    CHECK(try_code(w, p.row.id));
    CHECK(spend_code(w, p.row.id, 12));
    CHECK_OK(recovery_codes_failures(w->db, p.row.id, &failures));
    CHECK_INT(0, failures);
}

int contract_codes(const struct contract *contract)
{
    void *start = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        FRESH(totp, is_a_factor_from_its_confirmation_on),
        FRESH(totp, is_confirmed_as_it_was_offered_last_and_stays_until_then),
        FRESH(totp, spends_each_step_once_and_none_before_it),
        FRESH(totp, is_disabled_by_a_hundred_tries_and_by_no_more_until_another_is_confirmed),
        FRESH(totp, counts_from_the_start_again_after_a_success),
        FRESH(totp, is_gone_when_it_was_removed),
        FRESH(totp, has_its_boxes_listed_and_sealed_anew),
        FRESH(recovery_codes, serve_once_and_their_own_account),
        FRESH(recovery_codes, of_an_old_sheet_are_gone_with_the_new_one),
        FRESH(recovery_codes, are_disabled_by_a_hundred_tries_until_there_are_others),
    };
    return cmocka_run_group_tests_name("apps and recovery codes", tests, NULL, NULL);
}
