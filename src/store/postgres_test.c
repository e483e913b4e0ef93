/* The contract of every driver (tests/store/contract.c) on PostgreSQL, and what is PostgreSQL's own.
 *
 * Needs a server: POSTERN_TEST_POSTGRES is the URL of a database whose user may make others (script/postgres starts one). */
#include <stdlib.h>
#include "store/contract.h"
#include "store/postgres_world.h"

#define SKIPPED 77 /* meson's sign for it */

static int run_pooled(void)
{
    const struct contract pooled = { fresh_pooled };

    if (getenv("POSTERN_TEST_PGBOUNCER") != NULL)
        return contract_run(&pooled);
    fprintf(stderr, "postgres: the contract through pgBouncer is SKIPPED, for POSTERN_TEST_PGBOUNCER names none\n");
    return 0;
}

int main(void)
{
    const struct contract postgres = { fresh };

    if (postgres_server().ptr == NULL) {
        fprintf(stderr,
                "postgres: SKIPPED, for POSTERN_TEST_POSTGRES names no server; script/postgres -- COMMAND sets it\n");
        return SKIPPED;
    }
    return contract_run(&postgres) + run_pooled() + postgres_url_tests() + postgres_fault_tests() +
           postgres_flight_tests() + postgres_readers_tests() + postgres_posted_tests();
}
