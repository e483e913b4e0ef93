#include "store/contract.h"

#include <stdlib.h>
#include "store/migrate.h"
#include "store/world.h"

enum err world_open(struct str url, struct store **store)
{
    struct store_options options = { .url = url, .busy_ms = 20000, .create = true };
    return store_open(&options, store);
}

int world_setup(void **state)
{
    const struct contract *contract = *state;
    struct world *w = calloc(1, sizeof *w);
    int steps = 0;

    w->contract = contract;
    w->mem = arena_new();
    w->url = arena_copy(w->mem, contract->fresh());
    CHECK_OK(world_open(w->url, &w->store));
    CHECK_OK(migrate_to(w->store, NOW, -1, &steps));
    CHECK_OK(store_check_queries(w->store));
    CHECK_OK(db_open(w->store, &w->db));
    *state = w;
    return 0;
}

int world_teardown(void **state)
{
    struct world *w = *state;

    db_drop(&w->db);
    store_drop(&w->store);
    arena_drop(&w->mem);
    free(w);
    return 0;
}

struct tx *begin(struct world *w)
{
    struct tx *tx = NULL;
    CHECK_OK(store_begin(w->store, &tx));
    return tx;
}

void check_same(const struct user_row *want, const struct user_row *got)
{
    CHECK_INT(want->id, got->id);
    CHECK_STR(want->public_id, got->public_id);
    CHECK_STR(want->email, got->email);
    CHECK_STR(want->email_key, got->email_key);
    CHECK_INT(want->email_verified, got->email_verified);
    CHECK_STR(want->username, got->username);
    CHECK_STR(want->username_key, got->username_key);
    CHECK_STR(want->hashed_password, got->hashed_password);
    CHECK_INT(want->is_active, got->is_active);
    CHECK_STR(want->name, got->name);
    CHECK_STR(want->date_of_birth, got->date_of_birth);
    CHECK_STR(want->job_title, got->job_title);
    CHECK_STR(want->roles, got->roles);
    CHECK_INT(want->token_version, got->token_version);
    CHECK_INT(want->created_at, got->created_at);
    CHECK_INT(want->updated_at, got->updated_at);
}

void add(struct world *w, struct person *p)
{
    struct tx *tx = begin(w);
    CHECK_OK(users_add(tx, &p->row));
    CHECK_OK(store_commit(&tx));
    CHECK(tx == NULL);
    CHECK(p->row.id > 0);
}

int contract_run(const struct contract *contract)
{
    return contract_users(contract) + contract_sessions(contract) + contract_clients(contract) +
           contract_transactions(contract) + contract_gather(contract) + contract_keys(contract) +
           contract_proofs(contract) + contract_spent_tickets(contract) + contract_notices(contract) +
           contract_credentials(contract) + contract_codes(contract);
}
