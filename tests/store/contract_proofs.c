/* The contract of the table of spent proofs. */
#include "store/dpop_proofs.h"
#include "store/world.h"

static struct digest id(const char *name)
{
    return digest_of(str_of(name));
}

static bool take(struct world *w, const char *name, int64_t good_until_us)
{
    const struct digest digest = id(name);
    struct tx *tx = begin(w);
    bool fresh = false;
    CHECK_OK(dpop_proofs_add(tx, &digest, good_until_us, &fresh));
    CHECK_OK(store_commit(&tx));
    return fresh;
}

TEST(proofs, are_taken_once)
{
    struct world *w = *state;
    CHECK(take(w, "one", NOW));
    CHECK(take(w, "two", NOW));
    CHECK(!take(w, "one", NOW));
    CHECK(!take(w, "one", NOW + 1));
}

TEST(proofs, of_a_transaction_that_ended_badly_were_not_taken)
{
    struct world *w = *state;
    const struct digest digest = id("one");
    struct tx *tx = begin(w);
    bool fresh = false;
    CHECK_OK(dpop_proofs_add(tx, &digest, NOW, &fresh));
    CHECK(fresh);
    CHECK_OK(dpop_proofs_add(tx, &digest, NOW, &fresh)); /* no failure: the transaction goes on */
    CHECK(!fresh);
    tx_drop(&tx);
    CHECK(take(w, "one", NOW));
}

TEST(proofs, are_forgotten_when_they_are_too_old)
{
    struct world *w = *state;
    int64_t removed = -1;
    CHECK(take(w, "one", NOW - 1) && take(w, "two", NOW) && take(w, "three", NOW + 1));
    struct tx *tx = begin(w);
    CHECK_OK(dpop_proofs_purge(tx, NOW, &removed));
    CHECK_OK(store_commit(&tx));
    CHECK_INT(1, removed);
    CHECK(take(w, "one", NOW) && !take(w, "two", NOW) && !take(w, "three", NOW));
}

int contract_proofs(const struct contract *contract)
{
    void *start = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        FRESH(proofs, are_taken_once),
        FRESH(proofs, of_a_transaction_that_ended_badly_were_not_taken),
        FRESH(proofs, are_forgotten_when_they_are_too_old),
    };
    return cmocka_run_group_tests_name("spent proofs", tests, NULL, NULL);
}
