#include "store/postgres_world.h"

#include <stdlib.h>
#include <unistd.h>
#include "store/postgres_own.h"

#define URL_MAX 512

struct str postgres_server(void)
{
    return str_of(getenv("POSTERN_TEST_POSTGRES"));
}

enum err open_as(struct str url, int64_t busy_ms, struct store **store)
{
    struct store_options options = { .url = url, .busy_ms = busy_ms };
    return store_open(&options, store);
}

struct store *open_new(struct str url, int64_t busy_ms)
{
    struct store *store = NULL;
    int steps = 0;

    CHECK_OK(open_as(url, busy_ms, &store));
    CHECK_OK(migrate_to(store, NOW, -1, &steps));
    return store;
}

void tell(const char *format, ...)
{
    struct store *store = NULL;
    struct conn *conn;
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    CHECK_OK(open_as(postgres_server(), 20000, &store));
    conn = conn_new(store->engine, true);
    CHECK_OK(postgres_script(conn, "tell", text));
    conn_free(conn);
    store_drop(&store);
}

static const char *name_in(struct str url)
{
    return strrchr(url.ptr, '/') + 1;
}

struct str fresh(void)
{
    static char url[URL_MAX];
    static int number;
    struct str base = postgres_server();

    /* Several tests run at once on one server. */
    snprintf(url, sizeof url, "%.*s/postern_%d_%d", (int)(name_in(base) - base.ptr - 1), base.ptr, (int)getpid(),
             ++number);
    tell("CREATE DATABASE %s", name_in(str_of(url)));
    return str_of(url);
}

void kill_all(struct str url)
{
    tell("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '%s'", name_in(url));
}

struct str fresh_pooled(void)
{
    static char url[URL_MAX];
    struct str pooled = str_of(getenv("POSTERN_TEST_PGBOUNCER"));

    snprintf(url, sizeof url, "%.*s%s", (int)(name_in(pooled) - pooled.ptr), pooled.ptr, name_in(fresh()));
    return str_of(url);
}

bool known(struct store *store, int n)
{
    struct db *db = NULL;
    bool found = false;

    CHECK_OK(db_open(store, &db));
    CHECK_OK(person_known(db, n, &found));
    db_drop(&db);
    return found;
}
