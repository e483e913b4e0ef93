/* Copies from each database into each other (tests/store/contract_transfer.c).
 *
 * Those from and to PostgreSQL need a server: POSTERN_TEST_POSTGRES is the URL of a database whose user may make others. */
#include <ftw.h>
#include <stdlib.h>
#include "store/contract.h"
#include "store/postgres_world.h"

static char folder[] = "/tmp/postern-copies-XXXXXX";

static struct str fresh_file(void)
{
    static char url[sizeof folder + 32];
    static int number;

    snprintf(url, sizeof url, "sqlite:%s/%d.db", folder, ++number);
    return str_of(url);
}

static int remove_one(const char *path, const struct stat *file, int type, struct FTW *at)
{
    (void)file;
    (void)type;
    (void)at;
    return remove(path);
}

static int run(void)
{
    const struct contract sqlite = { fresh_file }, postgres = { fresh }, pooled = { fresh_pooled };
    int failed = contract_transfer(&sqlite, &sqlite, "copies within SQLite");

    if (postgres_server().ptr == NULL) {
        fprintf(stderr, "copies from and to PostgreSQL are SKIPPED, for POSTERN_TEST_POSTGRES names no server;"
                        " script/postgres -- COMMAND sets it\n");
        return failed;
    }
    failed += contract_transfer(&sqlite, &postgres, "copies from SQLite to PostgreSQL");
    failed += contract_transfer(&postgres, &sqlite, "copies from PostgreSQL to SQLite");
    if (getenv("POSTERN_TEST_PGBOUNCER") != NULL)
        return failed + contract_transfer_short(&pooled, &pooled, "copies through pgBouncer");
    fprintf(stderr, "copies through pgBouncer are SKIPPED, for POSTERN_TEST_PGBOUNCER names none\n");
    return failed;
}

int main(void)
{
    int failed;

    if (mkdtemp(folder) == NULL)
        return 1;
    failed = run();
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed;
}
