#include "base/why.h"
#include "store/world.h"

TEST(users, reads_back_what_was_added_by_each_of_its_names)
{
    struct world *w = *state;
    struct user_row got = { 0 };
    struct person p;
    bool found = false;

    person_make(1, &p);
    p.row.email_verified = true;
    p.row.token_version = INT64_C(1) << 40;
    add(w, &p);
    CHECK_OK(users_by_id(w->db, w->mem, p.row.id, &got, &found));
    CHECK(found);
    check_same(&p.row, &got);
    CHECK_OK(users_by_public_id(w->db, w->mem, p.row.public_id, &got, &found));
    CHECK(found);
    check_same(&p.row, &got);
    CHECK_OK(users_by_email(w->db, w->mem, p.row.email_key, &got, &found));
    CHECK(found);
    check_same(&p.row, &got);
    CHECK_OK(users_by_username(w->db, w->mem, p.row.username_key, &got, &found));
    CHECK(found);
    check_same(&p.row, &got);
}

TEST(users, tells_an_absent_text_from_an_empty_one)
{
    struct world *w = *state;
    struct user_row got = { 0 };
    struct person p;
    bool found = false;

    person_make(1, &p);
    p.row.username = p.row.username_key = p.row.job_title = p.row.hashed_password = (struct str){ NULL, 0 };
    p.row.name = STR("");
    add(w, &p);
    CHECK_OK(users_by_id(w->db, w->mem, p.row.id, &got, &found));
    CHECK(got.username.ptr == NULL && got.username_key.ptr == NULL);
    CHECK(got.job_title.ptr == NULL && got.hashed_password.ptr == NULL);
    CHECK(got.name.ptr != NULL && got.name.len == 0);
}

TEST(users, keeps_every_byte_of_a_text)
{
    struct world *w = *state;
    struct user_row got = { 0 };
    struct person p;
    bool found = false;

    person_make(1, &p);
    p.row.name = STR("O'Brien \"; DROP TABLE users; -- \xf0\x9f\x94\x91 $1 ? \\");
    add(w, &p);
    CHECK_OK(users_by_id(w->db, w->mem, p.row.id, &got, &found));
    CHECK_STR(p.row.name, got.name);
}

TEST(users, leaves_out_alone_when_there_is_no_such_row)
{
    struct world *w = *state;
    struct user_row got = { .id = 77 };
    bool found = true;

    CHECK_OK(users_by_id(w->db, w->mem, 1, &got, &found));
    CHECK(!found && got.id == 77);
    found = true;
    CHECK_OK(users_by_email(w->db, w->mem, STR("nobody@example.org"), &got, &found));
    CHECK(!found && got.id == 77);
    found = true;
    CHECK_OK(users_by_username(w->db, w->mem, (struct str){ NULL, 0 }, &got, &found));
    CHECK(!found && got.id == 77);
}

TEST(users, refuses_a_taken_address_and_a_taken_user_name_by_their_reasons)
{
    struct world *w = *state;
    struct person first, second;
    struct tx *tx;

    person_make(1, &first);
    add(w, &first);
    person_make(2, &second);
    second.row.email_key = first.row.email_key;
    tx = begin(w);
    CHECK_END(ERR_CONFLICT, users_add(tx, &second.row));
    CHECK_INT(WHY_EMAIL_TAKEN, note_get()->why);
    CHECK_INT(0, second.row.id);
    tx_drop(&tx);
    CHECK_INT(WHY_EMAIL_TAKEN, note_get()->why);

    person_make(2, &second);
    second.row.username_key = first.row.username_key;
    tx = begin(w);
    CHECK_END(ERR_CONFLICT, users_add(tx, &second.row));
    CHECK_INT(WHY_USERNAME_TAKEN, note_get()->why);
    tx_drop(&tx);
}

TEST(users, refuses_rows_that_break_a_rule_of_the_table)
{
    struct world *w = *state;
    struct person rows[5];

    for (int i = 0; i < 5; i++)
        person_make(i, &rows[i]);
    rows[0].row.roles = STR("");
    rows[1].row.public_id = STR("short");
    rows[2].row.email_key = (struct str){ NULL, 0 };
    rows[3].row.date_of_birth = STR("1990-1-1");
    rows[4].row.email = rows[4].row.email_key = rows[4].row.username = rows[4].row.username_key =
        (struct str){ NULL, 0 };
    for (int i = 0; i < 5; i++) {
        struct tx *tx = begin(w);
        CHECK_END(ERR_INTERNAL, users_add(tx, &rows[i].row));
        tx_drop(&tx);
    }
}

TEST(users, updates_its_columns_and_no_others)
{
    struct world *w = *state;
    struct user_row got = { 0 }, want;
    struct person p;
    struct tx *tx;
    bool found = false;

    person_make(1, &p);
    add(w, &p);
    want = p.row;
    want.name = STR("Another");
    want.date_of_birth = STR("2000-02-29");
    want.job_title = (struct str){ NULL, 0 };
    want.username = STR("Other");
    want.username_key = STR("other");
    want.is_active = false;
    want.roles = STR("admin,user");
    want.token_version = 4;
    want.updated_at = NOW + 9;
    p.row = want;
    p.row.email_key = STR("not@written");
    p.row.hashed_password = STR("not written");
    p.row.created_at = 0;
    tx = begin(w);
    CHECK_OK(users_update(tx, &p.row));
    CHECK_OK(store_commit(&tx));
    CHECK_OK(users_by_id(w->db, w->mem, want.id, &got, &found));
    check_same(&want, &got);
}

TEST(users, refuses_to_update_nobody_or_to_a_taken_user_name)
{
    struct world *w = *state;
    struct person one, two;
    struct tx *tx;

    person_make(1, &one);
    person_make(2, &two);
    add(w, &one);
    add(w, &two);
    tx = begin(w);
    two.row.username_key = one.row.username_key;
    CHECK_END(ERR_CONFLICT, users_update(tx, &two.row));
    CHECK_INT(WHY_USERNAME_TAKEN, note_get()->why);
    tx_drop(&tx);
    tx = begin(w);
    one.row.id = 4711;
    CHECK_END(ERR_MISSING, users_update(tx, &one.row));
    tx_drop(&tx);
}

TEST(users, replaces_a_hash_only_if_it_is_still_the_one_before)
{
    struct world *w = *state;
    const struct str none = { NULL, 0 };
    struct user_row got = { 0 };
    struct person p;
    struct tx *tx;
    bool found = false;

    person_make(1, &p);
    p.row.hashed_password = none;
    add(w, &p);
    tx = begin(w);
    CHECK_END(ERR_CONFLICT, users_set_password(tx, p.row.id, STR("$x$"), STR("$y$"), NOW));
    CHECK_OK(users_set_password(tx, p.row.id, none, STR("$x$"), NOW));
    CHECK_END(ERR_CONFLICT, users_set_password(tx, p.row.id, none, STR("$y$"), NOW));
    CHECK_OK(users_set_password(tx, p.row.id, STR("$x$"), STR("$y$"), NOW + 7));
    CHECK_END(ERR_CONFLICT, users_set_password(tx, p.row.id + 1, STR("$y$"), STR("$z$"), NOW));
    CHECK_OK(store_commit(&tx));
    CHECK_OK(users_by_id(w->db, w->mem, p.row.id, &got, &found));
    CHECK_STR(STR("$y$"), got.hashed_password);
    CHECK_INT(NOW + 7, got.updated_at);
}

/* Six people: 1 an administrator, 2 "superadmin" only, 3 inactive, 4 with wildcards in the name, 5 without e-mail, 6
 * plain. */
static void add_six(struct world *w)
{
    for (int n = 1; n <= 6; n++) {
        struct person p;
        person_make(n, &p);
        if (n == 1)
            p.row.roles = STR("admin,user");
        if (n == 2)
            p.row.roles = STR("superadmin,user");
        if (n == 3)
            p.row.is_active = false;
        if (n == 4)
            p.row.name = STR("100%_\\Sure");
        if (n == 5)
            p.row.email = p.row.email_key = (struct str){ NULL, 0 };
        add(w, &p);
    }
}

TEST(users, lists_what_fits_the_filter_sorted_by_public_id)
{
    struct world *w = *state;
    const struct {
        struct user_filter filter;
        const char *want; /* the last digits of their public ids */
    } cases[] = {
        { { .active = -1, .limit = 9 }, "123456" },
        { { .active = -1, .limit = 3 }, "123" },
        { { .active = -1, .limit = 0 }, "" },
        { { .active = -1, .limit = 2, .after = STR("01940000-0000-7000-8000-000000000003") }, "45" },
        { { .active = -1, .limit = 2, .after = STR("01940000-0000-7000-8000-000000000006") }, "" },
        { { .active = 1, .limit = 9 }, "12456" },
        { { .active = 0, .limit = 9 }, "3" },
        { { .active = -1, .limit = 9, .role = STR("admin") }, "1" },
        { { .active = -1, .limit = 9, .role = STR("superadmin") }, "2" },
        { { .active = -1, .limit = 9, .role = STR("user") }, "123456" },
        { { .active = -1, .limit = 9, .role = STR("%") }, "" },
        { { .active = -1, .limit = 9, .text = STR("SOME") }, "12356" },
        { { .active = -1, .limit = 9, .text = STR("%_\\s") }, "4" },
        { { .active = -1, .limit = 9, .text = STR("person5") }, "5" },
        { { .active = -1, .limit = 9, .text = STR("5@example") }, "" },
        { { .active = -1, .limit = 9, .text = STR("6@EXAMPLE") }, "6" },
        { { .active = -1, .limit = 9, .text = STR("") }, "123456" },
        { { .active = -1, .limit = 9, .email_key = STR("person2@example.org") }, "2" },
        { { .active = 0, .limit = 9, .email_key = STR("person2@example.org") }, "" },
        { { .active = -1, .limit = 9, .email_key = STR("person9@example.org") }, "" },
    };

    add_six(w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct user_row *rows = NULL;
        size_t count = 0;
        char got[16] = "";
        CHECK_OK(users_list(w->db, w->mem, &cases[i].filter, &rows, &count));
        for (size_t k = 0; k < count && k < sizeof got - 1; k++)
            got[k] = rows[k].public_id.ptr[35];
        assert_string_equal(cases[i].want, got);
    }
}

static int64_t admins(struct world *w)
{
    struct tx *tx = begin(w);
    int64_t count = -1;

    CHECK_OK(users_hold_active_admins(tx, &count));
    CHECK_OK(store_commit(&tx));
    return count;
}

TEST(users, counts_active_administrators_and_nobody_of_a_similar_role)
{
    struct world *w = *state;
    struct tx *tx;
    int64_t count = -1;
    struct person p;

    CHECK_INT(0, admins(w));
    add_six(w);
    CHECK_INT(1, admins(w));
    person_make(7, &p);
    p.row.roles = STR("admin,user");
    p.row.is_active = false;
    add(w, &p);
    CHECK_INT(1, admins(w));
    p.row.is_active = true;
    tx = begin(w);
    CHECK_OK(users_update(tx, &p.row));
    CHECK_OK(users_hold_active_admins(tx, &count)); /* the transaction sees itself */
    CHECK_INT(2, count);
    tx_drop(&tx);
    CHECK_INT(1, admins(w));
}

TEST(users, are_held_as_they_are_and_not_found_when_there_is_no_such_row)
{
    struct world *w = *state;
    struct user_row got = { .id = 77 };
    struct person p;
    bool found = true;
    struct tx *tx = begin(w);

    person_make(1, &p);
    CHECK_OK(users_hold(tx, w->mem, p.row.public_id, &got, &found));
    CHECK(!found && got.id == 77);
    tx_drop(&tx);
    add(w, &p);
    tx = begin(w);
    CHECK_OK(users_hold(tx, w->mem, p.row.public_id, &got, &found));
    CHECK(found);
    check_same(&p.row, &got);
    CHECK_OK(store_commit(&tx));
}

TEST(users, lists_more_rows_than_one_growth_holds)
{
    struct world *w = *state;
    struct user_filter all = { .active = -1, .limit = 200 };
    struct user_row *rows = NULL;
    struct tx *tx = begin(w);
    size_t count = 0;

    for (int n = 0; n < 200; n++) {
        struct person p;
        person_make(n, &p);
        CHECK_OK(users_add(tx, &p.row));
    }
    CHECK_OK(store_commit(&tx));
    CHECK_OK(users_list(w->db, w->mem, &all, &rows, &count));
    CHECK_INT(200, count);
    for (int n = 0; n < 200; n++)
        CHECK_INT(NOW + n, rows[n].created_at);
}

int contract_users(const struct contract *contract)
{
    void *start = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        FRESH(users, reads_back_what_was_added_by_each_of_its_names),
        FRESH(users, tells_an_absent_text_from_an_empty_one),
        FRESH(users, keeps_every_byte_of_a_text),
        FRESH(users, leaves_out_alone_when_there_is_no_such_row),
        FRESH(users, refuses_a_taken_address_and_a_taken_user_name_by_their_reasons),
        FRESH(users, refuses_rows_that_break_a_rule_of_the_table),
        FRESH(users, updates_its_columns_and_no_others),
        FRESH(users, refuses_to_update_nobody_or_to_a_taken_user_name),
        FRESH(users, replaces_a_hash_only_if_it_is_still_the_one_before),
        FRESH(users, lists_what_fits_the_filter_sorted_by_public_id),
        FRESH(users, counts_active_administrators_and_nobody_of_a_similar_role),
        FRESH(users, are_held_as_they_are_and_not_found_when_there_is_no_such_row),
        FRESH(users, lists_more_rows_than_one_growth_holds),
    };

    return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
