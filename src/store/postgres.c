#include "store/postgres_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIGRATE_LOCK "31647739056321134" /* "postern" in ASCII, so that nobody else's is the same */

/* One program migrates at a time, others wait for it.  Its statements may take long, but no lock is waited for long: who waits
 * for a table holds up everybody behind. */
#define LEDGER                                                                                                         \
    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s';"                                                 \
    " SELECT pg_catalog.pg_advisory_xact_lock(" MIGRATE_LOCK "); SET LOCAL lock_timeout = '5s';"                       \
    " CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL,"                    \
    " checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)"

/* postgresql+psycopg2://... (as SQLAlchemy writes it) becomes postgresql://... */
static void take_url(struct engine *engine, struct str url)
{
    struct str rest = url, scheme;
    size_t length;

    (void)str_split(&rest, ':', &scheme);
    length = sizeof "postgresql:" - 1 + rest.len;
    engine->url = secret_new(length);
    memcpy(engine->url.ptr, "postgresql:", sizeof "postgresql:" - 1);
    memcpy(engine->url.ptr + sizeof "postgresql:" - 1, rest.ptr, rest.len);
}

static struct str option_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0 && options->val != NULL)
            return str_of(options->val);
    return STR("");
}

/* Put together from the parts that are no secret. */
static void name_place(struct engine *engine, const PQconninfoOption *options)
{
    struct str user = option_of(options, "user"), host = option_of(options, "host");
    struct str port = option_of(options, "port"), name = option_of(options, "dbname");

    if (asprintf(&engine->place, "postgresql://%.*s%s%.*s%s%.*s/%.*s", STR_ARG(user), user.len > 0 ? "@" : "",
                 STR_ARG(host), port.len > 0 ? ":" : "", STR_ARG(port), STR_ARG(name)) < 0)
        die("out of memory");
}

/* A NUL would hide the rest.  A password whose marks are not written as %XX may be taken for a host, a port or a database, which are shown. */
static bool is_plain(struct str url, const PQconninfoOption *options)
{
    struct str port = option_of(options, "port");

    if (memchr(url.ptr, '\0', url.len) != NULL)
        return false;
    for (size_t i = 0; i < port.len; i++)
        if (port.ptr[i] != ',' && (port.ptr[i] < '0' || port.ptr[i] > '9'))
            return false;
    return !str_contains(option_of(options, "host"), STR("@")) && !str_contains(option_of(options, "dbname"), STR("@"));
}

/* libpq's own sentence is not told: it repeats the address, and the password with it. */
static FALLIBLE read_url(struct engine *engine)
{
    const struct libpq *pq = engine->pq;
    char *why = NULL;
    PQconninfoOption *options = pq->PQconninfoParse((const char *)engine->url.ptr, &why);
    bool good = options != NULL && is_plain(secret_view(&engine->url), options);

    if (why != NULL)
        wipe(why, strlen(why));
    pq->PQfreemem(why);
    if (good)
        name_place(engine, options);
    pq->PQconninfoFree(options);
    return good ? OK
                : fail(ERR_INVALID, "DATABASE_URL is no address that PostgreSQL's library takes: in a password write"
                                    " %%2F for a slash, %%3F for ?, %%23 for #, %%40 for @, %%3A for a colon; options"
                                    " are libpq's");
}

/* At the start the database must be there; later it may come and go. */
static FALLIBLE first_contact(struct engine *engine)
{
    struct conn *conn = NULL;
    struct note told;
    enum err end;

    TRY(writers_take(engine, &conn));
    end = conn_up(conn);
    writers_give(engine, conn);
    told = *note_get();
    return end == ERR_BUSY ? fail(ERR_INTERNAL, "%s", told.text) : end;
}

static FALLIBLE engine_fill(struct engine *engine, const struct store_options *options)
{
    TRY(libpq_load(&engine->pq));
    take_url(engine, options->url);
    TRY(read_url(engine));
    return first_contact(engine);
}

static void engine_drop(struct engine *engine)
{
    if (engine == NULL)
        return;
    readers_close(engine);
    posted_close(engine);
    writers_close(engine);
    pthread_cond_destroy(&engine->outage.tried);
    pthread_mutex_destroy(&engine->outage.lock);
    secret_drop(&engine->url);
    free(engine->place);
    free(engine);
}

static FALLIBLE engine_open(const struct store_options *options, struct tally *tally, struct engine **out)
{
    struct engine *engine = calloc(1, sizeof *engine);
    enum err end;

    if (engine == NULL)
        die("out of memory");
    engine->busy_ms = options->busy_ms;
    engine->tally = tally;
    pthread_mutex_init(&engine->outage.lock, NULL);
    pthread_cond_init(&engine->outage.tried, NULL);
    readers_open(engine);
    posted_open(engine);
    writers_open(engine);
    end = engine_fill(engine, options);
    if (end == OK)
        *out = engine;
    else
        engine_drop(engine);
    return end;
}

static struct str engine_place(const struct engine *engine)
{
    return str_of(engine->place);
}

/* A thread's connection is opened by its first statement: a program that starts does not wait for as many as it has threads. */
static FALLIBLE connect_reader(struct engine *engine, struct conn **out)
{
    *out = conn_new(engine, false);
    return OK;
}

static const char *const schemes[] = { "postgresql",         "postgres",           "postgresql+psycopg2",
                                       "postgresql+psycopg", "postgresql+asyncpg", NULL };

const struct driver postgres_driver = {
    .schemes = schemes,
    .shared = true,
    .ledger = LEDGER,
    .migrations = postgres_migrations,
    .migration_count = &postgres_migration_count,
    .open = engine_open,
    .drop = engine_drop,
    .place = engine_place,
    .connect = connect_reader,
    .disconnect = conn_free,
    .begin = postgres_begin,
    .post = postgres_post,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .conn = postgres_conn,
    .prepare = postgres_prepare,
    .start = postgres_start,
    .later = postgres_later,
    .next = postgres_next,
    .changed = postgres_changed,
    .finish = postgres_finish,
    .clash = postgres_clash,
    .script = postgres_script,
    .has_table = postgres_has_table,
    .settle = postgres_settle,
    .tell = postgres_tell,
    .hear = postgres_hear,
    .intact = postgres_intact,
    .bulk = &postgres_bulk,
};
