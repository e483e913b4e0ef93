/* The contract of the table of notices. */
#include "store/notices.h"
#include "store/world.h"

#include <stdio.h>

struct made {
    char id[37];
    struct notice_row row;
};

static void make(int64_t user_id, int n, const char *kind, struct made *out)
{
    snprintf(out->id, sizeof out->id, "01a1fc63-3899-75f7-99da-%012d", n);
    out->row = (struct notice_row){
        .id = str_of(out->id),
        .user_id = user_id,
        .kind = str_of(kind),
        .factor = STR("totp"),
        .about = STR("Phone"),
        .address = STR("192.0.2.1"),
        .user_agent = STR("curl/8"),
        .created_at = NOW + n,
    };
}

static void leave(struct world *w, int64_t user_id, int n, const char *kind)
{
    struct made made;
    struct tx *tx = begin(w);
    make(user_id, n, kind, &made);
    CHECK_OK(notices_add(tx, &made.row));
    CHECK_OK(store_commit(&tx));
}

static int64_t someone(struct world *w, int n)
{
    struct person p;
    person_make(n, &p);
    add(w, &p);
    return p.row.id;
}

static int64_t counted(struct world *w, int64_t user_id)
{
    int64_t count = -1;
    CHECK_OK(notices_count(w->db, user_id, &count));
    return count;
}

TEST(notices, come_back_the_newest_first_and_to_their_owner_alone)
{
    struct world *w = *state;
    const int64_t one = someone(w, 1), other = someone(w, 2);
    struct notice_row *rows = NULL;
    struct made want;
    size_t count = 0;
    leave(w, one, 1, "factor_added");
    leave(w, other, 2, "factor_added");
    leave(w, one, 3, "factor_removed");
    CHECK_OK(notices_of_user(w->db, w->mem, one, &rows, &count));
    CHECK_INT(2, count);
    make(one, 3, "factor_removed", &want);
    CHECK_STR(want.row.id, rows[0].id);
    CHECK_STR(want.row.kind, rows[0].kind);
    CHECK_STR(want.row.factor, rows[0].factor);
    CHECK_STR(want.row.about, rows[0].about);
    CHECK_STR(want.row.address, rows[0].address);
    CHECK_STR(want.row.user_agent, rows[0].user_agent);
    CHECK_INT(want.row.created_at, rows[0].created_at);
    CHECK_INT(one, rows[0].user_id);
    CHECK_INT(2, counted(w, one));
    CHECK_INT(0, counted(w, 99));
}

static bool removed(struct world *w, int64_t user_id, int n)
{
    struct made made;
    struct tx *tx = begin(w);
    bool was = false;
    make(user_id, n, "", &made);
    CHECK_OK(notices_remove(tx, user_id, made.row.id, &was));
    CHECK_OK(store_commit(&tx));
    return was;
}

TEST(notices, are_removed_once_and_by_their_owner)
{
    struct world *w = *state;
    const int64_t one = someone(w, 1), other = someone(w, 2);
    leave(w, one, 1, "factor_added");
    CHECK(!removed(w, other, 1));
    CHECK(removed(w, one, 1));
    CHECK(!removed(w, one, 1));
}

TEST(notices, of_a_kind_are_forgotten_and_the_newest_of_all_are_kept)
{
    struct world *w = *state;
    const int64_t one = someone(w, 1), other = someone(w, 2);
    struct notice_row *rows = NULL;
    size_t count = 0;
    struct tx *tx;
    for (int n = 1; n <= 5; n++)
        leave(w, one, n, n == 2 ? "second_step_failed" : "factor_added");
    leave(w, other, 6, "second_step_failed");
    tx = begin(w);
    CHECK_OK(notices_forget_kind(tx, one, STR("second_step_failed")));
    CHECK_OK(notices_trim(tx, one, 3));
    CHECK_OK(store_commit(&tx));
    CHECK_OK(notices_of_user(w->db, w->mem, one, &rows, &count));
    CHECK_INT(3, count);
    CHECK(str_ends(rows[0].id, STR("5")) && str_ends(rows[2].id, STR("3")));
    CHECK_INT(1, counted(w, other));
}

TEST(notices, of_nobody_are_refused)
{
    struct world *w = *state;
    struct made made;
    struct tx *tx = begin(w);
    make(99, 1, "factor_added", &made);
    enum err end = notices_add(tx, &made.row);
    if (end == OK)
        end = store_commit(&tx);
    CHECK(end != OK);
    tx_drop(&tx);
}

int contract_notices(const struct contract *contract)
{
    void *start = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        FRESH(notices, come_back_the_newest_first_and_to_their_owner_alone),
        FRESH(notices, are_removed_once_and_by_their_owner),
        FRESH(notices, of_a_kind_are_forgotten_and_the_newest_of_all_are_kept),
        FRESH(notices, of_nobody_are_refused),
    };
    return cmocka_run_group_tests_name("notices", tests, NULL, NULL);
}
