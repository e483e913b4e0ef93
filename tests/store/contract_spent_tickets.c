/* The contract of the table of tickets that have served. */
#include "store/epoch.h"
#include "store/spent_tickets.h"
#include "store/world.h"

static bool take(struct world *w, struct str id, int64_t expires_at_us, int64_t epoch)
{
    struct tx *tx = begin(w);
    bool fresh = false;
    CHECK_OK(spent_tickets_add(tx, id, expires_at_us, epoch, &fresh));
    CHECK_OK(store_commit(&tx));
    return fresh;
}

#define ONE STR("\0one of sixteen.")
#define TWO STR("\0two of sixteen.")

TEST(spent_tickets, are_taken_once)
{
    struct world *w = *state;
    CHECK(take(w, ONE, NOW, EPOCH_FIRST));
    CHECK(take(w, TWO, NOW, EPOCH_FIRST));
    CHECK(!take(w, ONE, NOW, EPOCH_FIRST));
    CHECK(!take(w, ONE, NOW + 1, EPOCH_FIRST));
}

TEST(spent_tickets, of_a_transaction_that_ended_badly_were_not_taken)
{
    struct world *w = *state;
    struct tx *tx = begin(w);
    bool fresh = false;
    CHECK_OK(spent_tickets_add(tx, ONE, NOW, EPOCH_FIRST, &fresh));
    CHECK(fresh);
    CHECK_OK(spent_tickets_add(tx, ONE, NOW, EPOCH_FIRST, &fresh)); /* no failure: the transaction goes on */
    CHECK(!fresh);
    tx_drop(&tx);
    CHECK(take(w, ONE, NOW, EPOCH_FIRST));
}

TEST(spent_tickets, of_another_epoch_are_not_taken)
{
    struct world *w = *state;
    int64_t ended = 0;
    struct tx *tx = begin(w);
    CHECK_OK(epoch_raise(tx, EPOCH_FIRST + 1, STR("restored"), NOW, &ended));
    CHECK_OK(store_commit(&tx));
    CHECK(!take(w, ONE, NOW, EPOCH_FIRST));
    CHECK(!take(w, ONE, NOW, EPOCH_FIRST + 2));
    CHECK(!take(w, ONE, NOW, 0));
    CHECK(take(w, ONE, NOW, EPOCH_FIRST + 1));
}

TEST(spent_tickets, are_forgotten_when_they_are_too_old)
{
    struct world *w = *state;
    int64_t removed = -1;
    CHECK(take(w, ONE, NOW - 1, EPOCH_FIRST) && take(w, TWO, NOW, EPOCH_FIRST));
    struct tx *tx = begin(w);
    CHECK_OK(spent_tickets_purge(tx, NOW, &removed));
    CHECK_OK(store_commit(&tx));
    CHECK_INT(1, removed);
    CHECK(take(w, ONE, NOW, EPOCH_FIRST) && !take(w, TWO, NOW, EPOCH_FIRST));
}

int contract_spent_tickets(const struct contract *contract)
{
    void *start = (void *)(uintptr_t)contract;
    const struct CMUnitTest tests[] = {
        FRESH(spent_tickets, are_taken_once),
        FRESH(spent_tickets, of_a_transaction_that_ended_badly_were_not_taken),
        FRESH(spent_tickets, of_another_epoch_are_not_taken),
        FRESH(spent_tickets, are_forgotten_when_they_are_too_old),
    };
    return cmocka_run_group_tests_name("spent tickets", tests, NULL, NULL);
}
