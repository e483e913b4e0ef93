#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "store/sqlite_world.h"

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    MUST(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = bytes;
    MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

/* Files may grow to 200 KB only: the log soon meets that. */
static void fill_the_disk(struct str url)
{
    struct store *store = NULL;
    struct db *db = NULL;
    struct store_figures figures;
    enum err end = OK;
    bool known;
    int n = 1;

    signal(SIGXFSZ, SIG_IGN);
    MUST(open_as(url, false, 1000, &store) == OK && db_open(store, &db) == OK);
    limit_files(200000);
    while (n < 1000 && (end = person_add(store, n)) == OK)
        n++;
    MUST(end == ERR_INTERNAL && n > 2);
    MUST(strstr(note_get()->text, "commit to") != NULL);
    store_figures(store, &figures);
    MUST(figures.failed == 1 && figures.committed == (uint64_t)n - 1);
    for (int i = 0; i <= n; i++) /* 0 is of before */
        MUST(person_known(db, i, &known) == OK && known == (i < n));
    limit_files(RLIM_INFINITY);
    MUST(person_add(store, n) == OK); /* there is room again */
    MUST(person_known(db, n, &known) == OK && known);
}

TEST(disk, that_is_full_fails_the_commit_and_keeps_what_was_there)
{
    struct str url = fresh();
    struct store *store = open_new(url);

    CHECK_OK(person_add(store, 0));
    store_drop(&store);
    CHECK_INT(0, run_child(fill_the_disk, url));
}

struct acker {
    struct store *store;
    int number, fd;
};

static void *add_and_tell(void *context)
{
    struct acker *a = context;

    for (int i = a->number;; i += 8)
        if (person_add(a->store, i) == OK && write(a->fd, &i, sizeof i) != (ssize_t)sizeof i)
            _exit(3);
    return NULL;
}

static void add_for_ever(struct str url, int fd)
{
    struct acker ackers[8];
    struct store *store = NULL;
    pthread_t thread;

    MUST(open_as(url, false, 10000, &store) == OK);
    for (int i = 0; i < 8; i++) {
        ackers[i] = (struct acker){ store, i, fd };
        MUST(pthread_create(&thread, NULL, add_and_tell, &ackers[i]) == 0);
    }
    pthread_join(thread, NULL);
}

/* Kill the child in the midst, and read what it had acknowledged until then. */
static size_t kill_in_the_midst(struct str url, int *acked, size_t room)
{
    int pipe_fds[2], status;
    size_t count = 0;
    pid_t child;

    CHECK_INT(0, pipe(pipe_fds));
    child = fork();
    if (child == 0) {
        add_for_ever(url, pipe_fds[1]);
        _exit(1);
    }
    close(pipe_fds[1]);
    while (count < room && read(pipe_fds[0], &acked[count], sizeof *acked) == (ssize_t)sizeof *acked)
        if (++count == 300)
            kill(child, SIGKILL);
    close(pipe_fds[0]);
    CHECK_INT(child, waitpid(child, &status, 0));
    return count;
}

TEST(crash, loses_nothing_that_was_acknowledged)
{
    static int acked[100000];
    struct str url = fresh();
    struct store *store = open_new(url);
    struct db *db;
    size_t count;

    store_drop(&store);
    count = kill_in_the_midst(url, acked, sizeof acked / sizeof *acked);
    CHECK(count >= 300);
    CHECK_OK(open_as(url, false, 1000, &store));
    db = reader(store);
    CHECK_OK(store_ready(db));
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        CHECK_OK(person_known(db, acked[i], &known));
        CHECK(known);
    }
    db_drop(&db);
    store_drop(&store);
}

static void migrate_new(struct str url)
{
    struct store *store = NULL;
    int steps = 0;

    MUST(open_as(url, true, 20000, &store) == OK);
    MUST(migrate_to(store, NOW, -1, &steps) == OK);
    store_drop(&store);
}

TEST(migrate, is_done_once_when_programs_start_together)
{
    struct str url = fresh();
    struct migration_row *rows = NULL;
    struct store *store;
    struct arena *mem = arena_new();
    pid_t children[4];
    size_t count = 0;

    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            migrate_new(url);
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status = -1;
        CHECK_INT(children[i], waitpid(children[i], &status, 0));
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    store = open_new(url);
    CHECK_OK(migrate_status(store, mem, &rows, &count));
    CHECK_INT(migrate_newest(), count);
    for (size_t i = 0; i < count; i++)
        CHECK(rows[i].applied_at == NOW && !rows[i].changed);
    store_drop(&store);
    arena_drop(&mem);
}

TEST(migrate, tells_an_empty_database_from_a_ready_one)
{
    struct store *store = NULL;
    struct migration_row *rows = NULL;
    struct arena *mem = arena_new();
    struct db *db;
    size_t count = 0;

    CHECK_OK(open_as(fresh(), true, 100, &store));
    db = reader(store);
    CHECK_END(ERR_CONFLICT, store_ready(db));
    CHECK_END(ERR_INTERNAL, store_check_queries(store));
    CHECK_OK(migrate_status(store, mem, &rows, &count));
    for (size_t i = 0; i < count; i++)
        CHECK_INT(0, rows[i].applied_at);
    db_drop(&db);
    store_drop(&store);
    arena_drop(&mem);
}

/* Under writing without a pause the log is moved and starts over: it stays within a few times its limit. */
TEST(log, does_not_grow_for_ever)
{
    struct str url = fresh();
    struct store *store = open_new(url);
    struct stat wal;
    char path[64];

    for (int n = 0; n < 60; n++) {
        struct tx *tx = NULL;
        CHECK_OK(store_begin(store, &tx));
        CHECK_OK(store->driver->script(tx->db.conn, "bulk", n == 0 ? "CREATE TABLE bulk (b BLOB)" : "SELECT 1"));
        CHECK_OK(store->driver->script(tx->db.conn, "bulk", "INSERT INTO bulk VALUES (randomblob(4000000))"));
        CHECK_OK(store_commit(&tx));
    }
    snprintf(path, sizeof path, "%s-wal", path_of(url));
    CHECK_INT(0, stat(path, &wal));
    CHECK(wal.st_size < 160 * 1000 * 1000); /* 240 MB were written */
    store_drop(&store);
}

int sqlite_fault_tests(void)
{
    const struct CMUnitTest tests[] = {
        CASE(disk, that_is_full_fails_the_commit_and_keeps_what_was_there),
        CASE(crash, loses_nothing_that_was_acknowledged),
        CASE(migrate, is_done_once_when_programs_start_together),
        CASE(migrate, tells_an_empty_database_from_a_ready_one),
        CASE(log, does_not_grow_for_ever),
    };

    return cmocka_run_group_tests_name("sqlite: what goes wrong outside", tests, NULL, NULL);
}
