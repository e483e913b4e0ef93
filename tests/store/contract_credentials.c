/* The contract of the table of passkeys and security keys. */
#include "store/credentials.h"
#include "store/migrate.h"
#include "store/world.h"

#include <pthread.h>

#define HANDLE STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")

/* A person's row points into the person, so it is filled where it stays. */
static void add_with_handle(struct world *w, int n, struct person *p)
{
    person_make(n, p);
    add(w, p);
    struct tx *tx = begin(w);
    CHECK_OK(users_set_handle(tx, p->row.id, HANDLE));
    CHECK_OK(store_commit(&tx));
}

static struct credential_row credential_make(struct str id, int64_t user_id)
{
    return (struct credential_row){ .id = id,
                                    .user_id = user_id,
                                    .public_key = STR("pQECAyYgASFYIA"),
                                    .algorithm = -7,
                                    .sign_count = 5,
                                    .aaguid = STR("00000000-0000-0000-0000-000000000000"),
                                    .transports = STR("internal,hybrid"),
                                    .name = STR("Phone"),
                                    .backup_eligible = true,
                                    .backup_state = true,
                                    .format = STR("none"),
                                    .created_at = NOW };
}

static enum err try_adding(struct world *w, const struct credential_row *row)
{
    struct tx *tx = begin(w);
    const enum err end = credentials_add(tx, row);
    if (end == OK)
        return store_commit(&tx);
    tx_drop(&tx);
    return end;
}

static struct credential_row credential_read(struct world *w, struct str id, struct user_row *owner)
{
    struct credential_row row = { 0 };
    bool found = false;
    CHECK_OK(credentials_by_id(w->db, w->mem, id, &row, owner, &found));
    CHECK(found);
    return row;
}

static bool use(struct world *w, const struct credential_use *use)
{
    struct tx *tx = begin(w);
    bool taken = false;
    CHECK_OK(credentials_used(tx, use, &taken));
    CHECK_OK(store_commit(&tx));
    return taken;
}

TEST(credentials, come_back_as_they_were_with_their_owner)
{
    struct world *w = *state;
    struct person p;
    add_with_handle(w, 1, &p);
    const struct credential_row row = credential_make(STR("AAEC"), p.row.id);
    struct user_row owner = { 0 };

    CHECK_OK(try_adding(w, &row));
    const struct credential_row got = credential_read(w, row.id, &owner);
    CHECK_STR(row.id, got.id);
    CHECK_STR(row.public_key, got.public_key);
    CHECK_STR(row.aaguid, got.aaguid);
    CHECK_STR(row.transports, got.transports);
    CHECK_STR(row.name, got.name);
    CHECK_STR(row.format, got.format);
    CHECK_INT(-7, got.algorithm);
    CHECK_INT(5, got.sign_count);
    CHECK(got.backup_eligible && got.backup_state && !got.user_verified && !got.trusted);
    CHECK_INT(NOW, got.created_at);
    CHECK_INT(0, got.last_used_at);
    CHECK_STR(HANDLE, got.user_handle);
    CHECK_STR(p.row.public_id, owner.public_id);
    CHECK_INT(1, owner.credentials);
}

TEST(credentials, are_counted_with_their_account_and_nobody_elses)
{
    struct world *w = *state;
    struct person one, two;
    add_with_handle(w, 1, &one);
    add_with_handle(w, 2, &two);
    struct user_row row = { 0 };
    bool found = false;

    CHECK_OK(users_by_id(w->db, w->mem, one.row.id, &row, &found));
    CHECK_INT(0, row.credentials);
    for (int i = 0; i < 3; i++) {
        const struct credential_row made = credential_make(arena_printf(w->mem, "AAA%d", i), one.row.id);
        CHECK_OK(try_adding(w, &made));
    }
    CHECK_OK(users_by_public_id(w->db, w->mem, one.row.public_id, &row, &found));
    CHECK_INT(3, row.credentials);
    CHECK_OK(users_by_email(w->db, w->mem, two.row.email_key, &row, &found));
    CHECK_INT(0, row.credentials);
}

#define ADDERS 8

struct adder {
    pthread_t thread;
    struct world *world;
    struct credential_row row;
    enum err end;
};

static void *add_one(void *cls)
{
    struct adder *a = cls;
    a->end = try_adding(a->world, &a->row);
    return NULL;
}

TEST(credentials, that_are_added_at_once_are_all_counted)
{
    struct world *w = *state;
    struct person p;
    struct adder adders[ADDERS];
    struct user_row row = { 0 };
    bool found = false;

    add_with_handle(w, 1, &p);
    for (int i = 0; i < ADDERS; i++) {
        adders[i] = (struct adder){ .world = w, .row = credential_make(arena_printf(w->mem, "AAA%d", i), p.row.id) };
        CHECK_INT(0, pthread_create(&adders[i].thread, NULL, add_one, &adders[i]));
    }
    for (int i = 0; i < ADDERS; i++) {
        CHECK_INT(0, pthread_join(adders[i].thread, NULL));
        CHECK_OK(adders[i].end);
    }
    CHECK_OK(users_by_id(w->db, w->mem, p.row.id, &row, &found));
    CHECK_INT(ADDERS, row.credentials);
}

TEST(credentials, of_before_the_count_are_counted_by_its_migration)
{
    struct world *w = *state;
    struct person p;
    struct user_row owner = { 0 };
    int steps = 0;

    add_with_handle(w, 1, &p);
    const struct credential_row row = credential_make(STR("AAEC"), p.row.id);
    CHECK_OK(try_adding(w, &row));
    db_drop(&w->db);
    CHECK_OK(migrate_to(w->store, NOW, 13, &steps));
    CHECK_OK(migrate_to(w->store, NOW, -1, &steps));
    CHECK_OK(db_open(w->store, &w->db));
    (void)credential_read(w, row.id, &owner);
    CHECK_INT(1, owner.credentials);
    CHECK_INT(0, owner.recovery_codes);
    CHECK(!owner.totp);
}

TEST(credentials, are_listed_for_their_owner_the_oldest_first)
{
    struct world *w = *state;
    struct person one, two;
    add_with_handle(w, 1, &one);
    add_with_handle(w, 2, &two);
    struct credential_row *rows = NULL, row = credential_make(STR("BBBB"), one.row.id);
    size_t count = 9;

    CHECK_OK(try_adding(w, &row));
    row = credential_make(STR("AAAA"), one.row.id);
    row.created_at = NOW + 1;
    CHECK_OK(try_adding(w, &row));
    row = credential_make(STR("CCCC"), two.row.id);
    CHECK_OK(try_adding(w, &row));
    CHECK_OK(credentials_of_user(w->db, w->mem, one.row.id, &rows, &count));
    CHECK_INT(2, count);
    CHECK_STR(STR("BBBB"), rows[0].id);
    CHECK_STR(STR("AAAA"), rows[1].id);
    CHECK_STR(HANDLE, rows[1].user_handle);
}

TEST(credentials, have_one_id_among_all_accounts)
{
    struct world *w = *state;
    struct person one, two;
    add_with_handle(w, 1, &one);
    add_with_handle(w, 2, &two);
    struct credential_row row = credential_make(STR("AAAA"), one.row.id);

    CHECK_OK(try_adding(w, &row));
    row.user_id = two.row.id;
    CHECK_END(ERR_CONFLICT, try_adding(w, &row));
}

TEST(credentials, that_are_backed_up_and_may_not_be_are_refused)
{
    struct world *w = *state;
    struct person p;
    add_with_handle(w, 1, &p);
    struct credential_row row = credential_make(STR("AAAA"), p.row.id);

    row.backup_eligible = false;
    CHECK_END(ERR_INTERNAL, try_adding(w, &row));
}

TEST(credentials, of_nobody_are_refused)
{
    struct world *w = *state;
    const struct credential_row row = credential_make(STR("AAAA"), 99);
    CHECK(try_adding(w, &row) != OK);
}

TEST(credentials, take_a_number_that_grows_once)
{
    struct world *w = *state;
    struct person p;
    add_with_handle(w, 1, &p);
    const struct credential_row row = credential_make(STR("AAAA"), p.row.id);
    struct credential_use how = { .id = row.id, .sign_count = 6, .user_verified = true, .now_us = NOW + 7 };
    struct user_row owner = { 0 };

    CHECK_OK(try_adding(w, &row));
    CHECK(use(w, &how));
    const struct credential_row got = credential_read(w, row.id, &owner);
    CHECK_INT(6, got.sign_count);
    CHECK(!got.backup_state && got.user_verified);
    CHECK_INT(NOW + 7, got.last_used_at);
    CHECK(!use(w, &how));
    how.sign_count = 0;
    CHECK(!use(w, &how));
    how.sign_count = INT64_C(4294967295);
    CHECK(use(w, &how));
}

TEST(credentials, that_count_nothing_are_taken_with_0_until_they_count)
{
    struct world *w = *state;
    struct person p;
    add_with_handle(w, 1, &p);
    struct credential_row row = credential_make(STR("AAAA"), p.row.id);
    struct credential_use how = { .id = row.id };

    row.sign_count = 0;
    CHECK_OK(try_adding(w, &row));
    CHECK(use(w, &how));
    CHECK(use(w, &how));
    how.sign_count = 1;
    CHECK(use(w, &how));
    how.sign_count = 0;
    CHECK(!use(w, &how));
}

TEST(credentials, keep_the_highest_number_where_a_lower_one_is_taken)
{
    struct world *w = *state;
    struct person p;
    add_with_handle(w, 1, &p);
    const struct credential_row row = credential_make(STR("AAAA"), p.row.id);
    const struct credential_use how = { .id = row.id, .sign_count = 2, .take_regress = true, .now_us = NOW + 1 };
    struct user_row owner = { 0 };

    CHECK_OK(try_adding(w, &row));
    CHECK(use(w, &how));
    const struct credential_row got = credential_read(w, row.id, &owner);
    CHECK_INT(5, got.sign_count);
    CHECK_INT(NOW + 1, got.last_used_at);
}

TEST(credentials, are_renamed_and_removed_by_their_owner_alone)
{
    struct world *w = *state;
    struct person one, two;
    add_with_handle(w, 1, &one);
    add_with_handle(w, 2, &two);
    const struct credential_row row = credential_make(STR("AAAA"), one.row.id);
    struct user_row owner = { 0 };
    struct tx *tx;
    bool changed = true, found = true;

    CHECK_OK(try_adding(w, &row));
    tx = begin(w);
    CHECK_OK(credentials_rename(tx, two.row.id, row.id, STR("Mine"), &changed));
    CHECK(!changed);
    CHECK_OK(credentials_remove(tx, two.row.id, row.id, &changed));
    CHECK(!changed);
    CHECK_OK(credentials_rename(tx, one.row.id, row.id, STR("Key"), &changed));
    CHECK(changed);
    CHECK_OK(store_commit(&tx));
    CHECK_STR(STR("Key"), credential_read(w, row.id, &owner).name);
    tx = begin(w);
    CHECK_OK(credentials_remove(tx, one.row.id, row.id, &changed));
    CHECK(changed);
    CHECK_OK(credentials_remove(tx, one.row.id, row.id, &changed));
    CHECK(!changed);
    CHECK_OK(store_commit(&tx));
    struct credential_row got;
    CHECK_OK(credentials_by_id(w->db, w->mem, row.id, &got, &owner, &found));
    CHECK(!found);
}

TEST(users, get_one_handle_and_keep_it)
{
    struct world *w = *state;
    struct str handle = STR("before");
    struct person p;

    person_make(1, &p);
    add(w, &p);
    CHECK_OK(users_handle(w->db, w->mem, p.row.id, &handle));
    CHECK(handle.ptr == NULL);
    struct tx *tx = begin(w);
    CHECK_OK(users_set_handle(tx, p.row.id, HANDLE));
    CHECK_OK(users_set_handle(
        tx, p.row.id, STR("BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB")));
    CHECK_OK(store_commit(&tx));
    CHECK_OK(users_handle(w->db, w->mem, p.row.id, &handle));
    CHECK_STR(HANDLE, handle);
    CHECK_END(ERR_MISSING, users_handle(w->db, w->mem, 99, &handle));
}

int contract_credentials(const struct contract *contract)
{
    void *start = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        FRESH(credentials, come_back_as_they_were_with_their_owner),
        FRESH(credentials, are_counted_with_their_account_and_nobody_elses),
        FRESH(credentials, that_are_added_at_once_are_all_counted),
        FRESH(credentials, of_before_the_count_are_counted_by_its_migration),
        FRESH(credentials, are_listed_for_their_owner_the_oldest_first),
        FRESH(credentials, have_one_id_among_all_accounts),
        FRESH(credentials, that_are_backed_up_and_may_not_be_are_refused),
        FRESH(credentials, of_nobody_are_refused),
        FRESH(credentials, take_a_number_that_grows_once),
        FRESH(credentials, that_count_nothing_are_taken_with_0_until_they_count),
        FRESH(credentials, keep_the_highest_number_where_a_lower_one_is_taken),
        FRESH(credentials, are_renamed_and_removed_by_their_owner_alone),
        FRESH(users, get_one_handle_and_keep_it),
    };

    return cmocka_run_group_tests_name("passkeys and security keys", tests, NULL, NULL);
}
