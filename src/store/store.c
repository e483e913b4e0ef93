#include "store/store.h"

#include <ctype.h>
#include <stdlib.h>
#include "base/secret.h"
#include "store/driver.h"
#include "store/parcel.h"

static const struct driver *const drivers[] = { &sqlite_driver, &postgres_driver };

#define SCHEME_SHOWN 24 /* bytes; "postgresql+psycopg2" has 19 */
#define SCHEMES_TOLD "sqlite:FILE or postgresql://USER:PASSWORD@HOST/NAME"

static bool is_word(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isalnum((unsigned char)s.ptr[i]) && s.ptr[i] != '+')
            return false;
    return true;
}

static bool takes(const struct driver *driver, struct str scheme)
{
    for (size_t i = 0; driver->schemes[i] != NULL; i++)
        if (str_equal(scheme, str_of(driver->schemes[i])))
            return true;
    return false;
}

/* Only the scheme is told: an URL may hold a password. */
FALLIBLE driver_find(struct str url, const struct driver **out)
{
    struct str rest = url, scheme = { NULL, 0 };

    if (!str_contains(url, STR(":")) || !str_split(&rest, ':', &scheme))
        return fail(ERR_INVALID, "DATABASE_URL has no scheme; write " SCHEMES_TOLD);
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (takes(drivers[i], scheme)) {
            *out = drivers[i];
            return OK;
        }
    if (scheme.len > SCHEME_SHOWN || !is_word(scheme))
        return fail(ERR_INVALID, "DATABASE_URL has an unknown scheme; write " SCHEMES_TOLD);
    return fail(ERR_INVALID, "DATABASE_URL begins with \"%.*s:\"; write " SCHEMES_TOLD, STR_ARG(scheme));
}

FALLIBLE store_open(const struct store_options *options, struct store **out)
{
    AUTO(store) struct store *store = calloc(1, sizeof *store);

    if (store == NULL)
        die("out of memory");
    TRY(driver_find(options->url, &store->driver));
    TRY(store->driver->open(options, &store->tally, &store->engine));
    *out = store;
    store = NULL;
    return OK;
}

void store_drop(struct store **store)
{
    if (*store != NULL && (*store)->engine != NULL)
        (*store)->driver->drop((*store)->engine);
    free(*store);
    *store = NULL;
}

bool store_shared(const struct store *store)
{
    return store->driver->shared;
}

struct str store_place(const struct store *store)
{
    return store->driver->place(store->engine);
}

FALLIBLE db_open(struct store *store, struct db **out)
{
    struct conn *conn = NULL;
    struct db *db;

    TRY(store->driver->connect(store->engine, &conn));
    db = calloc(1, sizeof *db);
    if (db == NULL)
        die("out of memory");
    *db = (struct db){ .store = store, .conn = conn };
    *out = db;
    return OK;
}

void db_drop(struct db **db)
{
    if (*db != NULL)
        (*db)->store->driver->disconnect((*db)->conn);
    free(*db);
    *db = NULL;
}

static FALLIBLE begin(struct tx *tx)
{
    const struct driver *driver = tx->db.store->driver;

    TRY(driver->begin(tx->db.store->engine, &tx->work));
    tx->db.conn = driver->conn(tx->work);
    return OK;
}

static struct tx *tx_new(struct store *store)
{
    struct tx *tx = calloc(1, sizeof *tx);

    if (tx == NULL)
        die("out of memory");
    tx->db.store = store;
    tx->db.tx = tx;
    return tx;
}

FALLIBLE store_begin(struct store *store, struct tx **out)
{
    AUTO(tx) struct tx *tx = tx_new(store);

    TRY(begin(tx));
    *out = tx;
    tx = NULL;
    return OK;
}

FALLIBLE store_gather(struct store *store, struct tx **out)
{
    struct tx *tx = tx_new(store);

    tx->parcel = malloc(sizeof *tx->parcel);
    if (tx->parcel == NULL)
        die("out of memory");
    parcel_init(tx->parcel);
    *out = tx;
    return OK;
}

static FALLIBLE open_item(struct tx *tx, const struct parcel_item *item)
{
    if (item->number != NULL)
        return query_number(tx_db(tx), item->ask, item->number);
    return item->rows == ROWS_ANY ? query_later(tx, item->ask) : query_expect(tx, item->ask, item->rows);
}

FALLIBLE tx_open(struct tx *tx)
{
    struct parcel *gathered = tx->parcel;

    if (tx->work != NULL)
        return OK;
    TRY(begin(tx));
    for (size_t i = 0; i < gathered->count; i++)
        TRY(open_item(tx, &gathered->items[i]));
    return OK;
}

/* Nothing was asked: there is nothing to do. */
static bool is_empty(const struct tx *tx)
{
    return tx->work == NULL && (tx->parcel == NULL || tx->parcel->count == 0);
}

FALLIBLE store_send(struct tx *tx)
{
    const struct driver *driver = tx->db.store->driver;

    if (is_empty(tx))
        return OK;
    if (tx->work == NULL)
        tx->work = driver->post(tx->db.store->engine, tx->parcel);
    else if (driver->send != NULL)
        return driver->send(tx->work);
    return OK;
}

/* A parcel may hold a hash, and what people say of themselves. */
static void tx_free(struct tx **tx)
{
    if ((*tx)->parcel != NULL)
        wipe((*tx)->parcel->bytes, (*tx)->parcel->bytes_used);
    free((*tx)->parcel);
    free(*tx);
    *tx = NULL;
}

static FALLIBLE commit(struct tx *tx)
{
    const struct driver *driver = tx->db.store->driver;

    if (is_empty(tx))
        return OK;
    if (tx->work == NULL)
        tx->work = driver->post(tx->db.store->engine, tx->parcel);
    return driver->commit(tx->work);
}

FALLIBLE store_commit(struct tx **tx)
{
    enum err end = commit(*tx);

    tx_free(tx);
    return end;
}

void tx_drop(struct tx **tx)
{
    if (*tx == NULL)
        return;
    if ((*tx)->work != NULL)
        (*tx)->db.store->driver->rollback((*tx)->work);
    tx_free(tx);
}

struct db *tx_db(struct tx *tx)
{
    return &tx->db;
}

FALLIBLE store_intact(struct db *db)
{
    return db->store->driver->intact(db->conn);
}

FALLIBLE store_check_queries(struct store *store)
{
    AUTO(db) struct db *db = NULL;

    TRY(db_open(store, &db));
    for (size_t i = 0; i < QUERY_COUNT; i++)
        TRY(store->driver->prepare(db->conn, (enum query_id)i));
    return OK;
}

void store_figures(struct store *store, struct store_figures *out)
{
    struct tally *t = &store->tally;

    *out = (struct store_figures){
        .commits = t->commits,
        .committed = t->committed,
        .failed = t->failed,
        .wait_us = t->wait_ns / 1000,
        .commit_us = t->commit_ns / 1000,
        .reads = t->reads,
        .read_us = t->read_ns / 1000,
    };
}
