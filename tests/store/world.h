/* What the parts of the contract share: a migrated database of its own for each test, and a few words. */
#pragma once
#include "store/contract.h"
#include "store/people.h"
#include "support/test.h"

/* A migrated database with a connection for reading. */
struct world {
    const struct contract *contract;
    struct str url;
    struct store *store;
    struct db *db;
    struct arena *mem;
};

int world_setup(void **state); /* in: the contract, out: the world */
int world_teardown(void **state);
enum err world_open(struct str url, struct store **store); /* as another program would */

struct tx *begin(struct world *w);
void add(struct world *w, struct person *p); /* store a person and give it its number */
void check_same(const struct user_row *want, const struct user_row *got);

#define FRESH(unit, sentence)                                                                                          \
    cmocka_unit_test_prestate_setup_teardown(unit##_##sentence, world_setup, world_teardown, start)

/* The parts; each returns how many tests failed. */
int contract_users(const struct contract *contract);
int contract_sessions(const struct contract *contract);
int contract_clients(const struct contract *contract);
int contract_proofs(const struct contract *contract);
int contract_spent_tickets(const struct contract *contract);
int contract_credentials(const struct contract *contract);
int contract_codes(const struct contract *contract);
int contract_notices(const struct contract *contract);
int contract_transactions(const struct contract *contract);
int contract_gather(const struct contract *contract);
int contract_keys(const struct contract *contract);
