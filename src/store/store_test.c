/* The contract of every driver (tests/store/contract.c) on SQLite, and what is SQLite's own. */
#include <ftw.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "store/contract.h"
#include "store/sqlite_world.h"

/* The folder of this run, and a file of its own for each test. */
char folder[] = "/tmp/postern-store-XXXXXX";

struct str fresh(void)
{
    static char url[sizeof folder + 32];
    static int number;

    snprintf(url, sizeof url, "sqlite:%s/%d.db", folder, ++number);
    return str_of(url);
}

const char *path_of(struct str url)
{
    return url.ptr + sizeof "sqlite:" - 1;
}

enum err open_as(struct str url, bool create, int64_t busy_ms, struct store **store)
{
    struct store_options options = { .url = url, .folder = str_of(folder), .busy_ms = busy_ms, .create = create };
    return store_open(&options, store);
}

struct store *open_new(struct str url)
{
    struct store *store = NULL;
    int steps = 0;

    CHECK_OK(open_as(url, true, 10000, &store));
    CHECK_OK(migrate_to(store, NOW, -1, &steps));
    return store;
}

struct db *reader(struct store *store)
{
    struct db *db = NULL;
    CHECK_OK(db_open(store, &db));
    return db;
}

int run_child(void (*body)(struct str url), struct str url)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        body(url);
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int remove_one(const char *path, const struct stat *file, int type, struct FTW *at)
{
    (void)file;
    (void)type;
    (void)at;
    return remove(path);
}

int main(void)
{
    const struct contract sqlite = { fresh };
    int failed;

    if (mkdtemp(folder) == NULL)
        return 1;
    failed = contract_run(&sqlite) + sqlite_file_tests() + sqlite_commit_tests() + sqlite_fault_tests() +
             sqlite_hold_tests() + sqlite_backup_tests();
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed;
}
