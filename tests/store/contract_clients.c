#include "store/clients.h"
#include "store/world.h"

#include <string.h>

#define SECOND INT64_C(1000000)

static struct client_row client_make(struct str id, uint8_t secret)
{
    struct client_row row = {
        .id = id, .name = STR("Billing"), .keys = STR("{\"keys\":[]}"), .scopes = STR("introspect"), .created_at = NOW
    };
    memset(row.secret.is, secret, sizeof row.secret.is);
    return row;
}

static void add_client(struct world *w, const struct client_row *row)
{
    struct tx *tx = begin(w);
    CHECK_OK(clients_add(tx, row));
    CHECK_OK(store_commit(&tx));
}

static struct client_row client_read(struct world *w, struct str id)
{
    struct client_row row = { 0 };
    bool found = false;
    CHECK_OK(clients_by_id(w->db, w->mem, id, &row, &found));
    CHECK(found);
    return row;
}

static bool is_filled(const struct digest *digest, uint8_t with)
{
    struct digest want;
    memset(want.is, with, sizeof want.is);
    return digest_equal(digest, &want);
}

TEST(clients, come_back_as_they_were_with_and_without_a_secret)
{
    struct world *w = *state;
    struct client_row with = client_make(STR("billing"), 7), without = client_make(STR("archive"), 0), got;
    struct client_row *rows = NULL;
    size_t count = 0;

    add_client(w, &with);
    add_client(w, &without);
    got = client_read(w, STR("billing"));
    CHECK(is_filled(&got.secret, 7) && is_filled(&got.former_secret, 0));
    CHECK_STR(with.name, got.name);
    CHECK_STR(with.keys, got.keys);
    CHECK_STR(with.scopes, got.scopes);
    CHECK_INT(NOW, got.created_at);
    CHECK_INT(0, got.disabled_at);
    got = client_read(w, STR("archive"));
    CHECK(is_filled(&got.secret, 0));
    CHECK_OK(clients_list(w->db, w->mem, &rows, &count));
    CHECK_INT(2, count);
    CHECK_STR(STR("archive"), rows[0].id);
}

TEST(clients, have_one_id_each)
{
    struct world *w = *state;
    struct client_row row = client_make(STR("billing"), 7);
    struct tx *tx;

    add_client(w, &row);
    tx = begin(w);
    CHECK_END(ERR_CONFLICT, clients_add(tx, &row));
    CHECK_INT(WHY_CLIENT_TAKEN, note_get()->why);
    tx_drop(&tx);
}

TEST(clients, without_secret_and_key_are_refused)
{
    struct world *w = *state;
    struct client_row row = client_make(STR("billing"), 0);
    struct tx *tx = begin(w);

    row.keys = (struct str){ NULL, 0 };
    CHECK_END(ERR_INTERNAL, clients_add(tx, &row));
    tx_drop(&tx);
}

TEST(clients, keep_the_former_secret_only_as_long_as_they_are_told)
{
    struct world *w = *state;
    struct client_row row = client_make(STR("billing"), 1), got;
    struct digest second, third;
    struct tx *tx;

    memset(second.is, 2, sizeof second.is);
    memset(third.is, 3, sizeof third.is);
    add_client(w, &row);
    tx = begin(w);
    CHECK_OK(clients_set_secret(tx, row.id, &second, NOW + SECOND));
    CHECK_OK(store_commit(&tx));
    got = client_read(w, row.id);
    CHECK(is_filled(&got.secret, 2) && is_filled(&got.former_secret, 1));
    CHECK_INT(NOW + SECOND, got.former_until);
    tx = begin(w);
    CHECK_OK(clients_set_secret(tx, row.id, &third, 0));
    CHECK_OK(store_commit(&tx));
    got = client_read(w, row.id);
    CHECK(is_filled(&got.secret, 3) && is_filled(&got.former_secret, 0));
    CHECK_INT(0, got.former_until);
    tx = begin(w);
    CHECK_END(ERR_MISSING, clients_set_secret(tx, STR("nobody"), &third, 0));
    tx_drop(&tx);
}

TEST(clients, that_had_no_secret_get_one_and_no_former_one)
{
    struct world *w = *state;
    struct client_row row = client_make(STR("billing"), 0), got;
    struct digest second;
    struct tx *tx;

    memset(second.is, 2, sizeof second.is);
    add_client(w, &row);
    tx = begin(w);
    CHECK_OK(clients_set_secret(tx, row.id, &second, NOW + SECOND));
    CHECK_OK(store_commit(&tx));
    got = client_read(w, row.id);
    CHECK(is_filled(&got.secret, 2) && is_filled(&got.former_secret, 0));
    CHECK_INT(0, got.former_until);
}

TEST(clients, are_disabled_once)
{
    struct world *w = *state;
    struct client_row row = client_make(STR("billing"), 1), got;
    int64_t changed = 0;
    struct tx *tx;

    add_client(w, &row);
    tx = begin(w);
    CHECK_OK(clients_disable(tx, row.id, NOW + 1, &changed));
    CHECK_INT(1, changed);
    CHECK_OK(clients_disable(tx, row.id, NOW + 2, &changed));
    CHECK_INT(0, changed);
    CHECK_OK(store_commit(&tx));
    got = client_read(w, row.id);
    CHECK_INT(NOW + 1, got.disabled_at);
}

TEST(assertions, are_kept_once_until_they_have_expired)
{
    struct world *w = *state;
    struct digest one = { { 1 } };
    struct tx *tx = begin(w);

    CHECK_OK(assertions_keep(tx, &one, NOW + SECOND, NOW));
    CHECK_OK(store_commit(&tx));
    tx = begin(w);
    CHECK_END(ERR_CONFLICT, assertions_keep(tx, &one, NOW + SECOND, NOW + SECOND));
    tx_drop(&tx);
    tx = begin(w);
    CHECK_OK(assertions_keep(tx, &one, NOW + 3 * SECOND, NOW + SECOND + 1));
    CHECK_OK(store_commit(&tx));
}

/* A person with a session that has ended at a moment, and a token version that was raised at it. */
static void add_revoked(struct world *w, int n, int64_t at)
{
    struct person p;
    struct session_row session;
    struct tx *tx;
    int64_t ended;

    person_make(n, &p);
    p.row.token_version = n;
    p.row.updated_at = at;
    add(w, &p);
    session = session_make(&p, p.row.id, n);
    tx = begin(w);
    CHECK_OK(sessions_add(tx, &session));
    if (at != 0)
        CHECK_OK(sessions_end(tx, session.id, STR("logout"), at, &ended));
    CHECK_OK(store_commit(&tx));
}

TEST(revoked, is_what_was_taken_back_after_a_moment_the_newest_first)
{
    struct world *w = *state;
    struct revoked_row *rows = NULL;
    struct client_row row = client_make(STR("billing"), 1);
    struct person p;
    size_t count = 0;

    for (int n = 1; n <= 4; n++)
        add_revoked(w, n, n == 4 ? 0 : NOW + n);
    for (int kind = REVOKED_SESSIONS; kind <= REVOKED_VERSIONS; kind++) {
        CHECK_OK(revoked_list(w->db, w->mem, (enum revoked_kind)kind, NOW + 1, 10, &rows, &count));
        CHECK_INT(2, count);
        person_make(3, &p);
        CHECK_STR(p.row.public_id, rows[0].id); /* the session's id is the person's */
        CHECK_INT(NOW + 3, rows[0].at);
        CHECK_INT(kind == REVOKED_VERSIONS ? 3 : 0, rows[0].version);
        CHECK_OK(revoked_list(w->db, w->mem, (enum revoked_kind)kind, NOW, 1, &rows, &count));
        CHECK_INT(1, count);
        CHECK_INT(NOW + 3, rows[0].at);
    }
    row.disabled_at = NOW + 5;
    add_client(w, &row);
    CHECK_OK(revoked_list(w->db, w->mem, REVOKED_CLIENTS, NOW, 10, &rows, &count));
    CHECK_INT(1, count);
    CHECK_STR(row.id, rows[0].id);
}

int contract_clients(const struct contract *contract)
{
    void *start = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        FRESH(clients, come_back_as_they_were_with_and_without_a_secret),
        FRESH(clients, have_one_id_each),
        FRESH(clients, without_secret_and_key_are_refused),
        FRESH(clients, keep_the_former_secret_only_as_long_as_they_are_told),
        FRESH(clients, that_had_no_secret_get_one_and_no_former_one),
        FRESH(clients, are_disabled_once),
        FRESH(assertions, are_kept_once_until_they_have_expired),
        FRESH(revoked, is_what_was_taken_back_after_a_moment_the_newest_first),
    };

    return cmocka_run_group_tests_name("clients and revocations", tests, NULL, NULL);
}
