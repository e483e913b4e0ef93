/* What a database has to offer to stand behind the store: a table of functions.
 *
 * Owns     engine (one per store), conn (one per reading thread), work (one per transaction).
 * Threads  an engine is shared; a conn and a work belong to one thread at a time.
 * Ends     ERR_BUSY (WHY_STORE_BUSY) when another writer holds the database too long, ERR_CONFLICT when a unique value
 * is taken (clash tells which), ERR_INTERNAL for all else, with a note.  ERR_BUSY also when the database can't be reached.
 * After ERR_CONFLICT or ERR_INTERNAL of a statement its transaction may only be rolled back: PostgreSQL takes no more.
 */
#pragma once
#include <stdatomic.h>
#include "store/bulk.h"
#include "store/migrations.h"
#include "store/query.h"

struct engine;
struct conn;
struct work;
struct held;
struct file_driver;
struct parcel;

/* What store_figures counts; each added to where it happens. */
struct tally {
    _Atomic uint64_t commits, committed, failed, wait_ns, commit_ns, reads, read_ns;
};

static inline void tally_add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

struct driver {
    const char *const *schemes;         /* of DATABASE_URL; ends with NULL */
    bool shared;                        /* serves several programs at once */
    const char *ledger;                 /* SQL that makes schema_migrations unless it is there */
    const struct migration *migrations; /* sorted by number */
    const size_t *migration_count;

    FALLIBLE (*open)(const struct store_options *options, struct tally *tally, struct engine **out);
    void (*drop)(struct engine *engine);
    struct str (*place)(const struct engine *engine); /* for people, without secrets */

    FALLIBLE (*connect)(struct engine *engine, struct conn **out);
    void (*disconnect)(struct conn *conn); /* NULL is fine */

    /* A transaction: begin gives it, commit and rollback end it whatever happens.  Where begin has a queue it waits there; a
     * database that can't be reached may be told by the first statement. */
    FALLIBLE (*begin)(struct engine *engine, struct work **out);
    /* A whole transaction, to be done by whoever is about to write.  Nothing can be asked in it; commit waits for its end, and does it if
     * nobody else has; its Ends are those of the statements too, and ERR_CONFLICT for other rows than told.  A rollback waits where it
     * was begun.  The parcel is borrowed until either. */
    struct work *(*post)(struct engine *engine, const struct parcel *parcel);
    /* The commit is on its way, and commit only waits for it; NULL where it would still be waited for.  After a failure there is
     * only rollback, which else waits as well. */
    FALLIBLE (*send)(struct work *work);
    FALLIBLE (*commit)(struct work *work); /* OK: durable */
    void (*rollback)(struct work *work);   /* leaves the thread's note as it is */
    struct conn *(*conn)(struct work *work);

    /* One statement at a time per conn: start, next until no more, finish. */
    FALLIBLE (*prepare)(struct conn *conn, enum query_id query);
    /* Within a transaction: a statement whose result nobody needs.  It may be put off until the next start or commit, which then
     * fails in its place; what ask points to may be gone by then.  NULL: nothing is gained by it. */
    FALLIBLE (*later)(struct conn *conn, const struct ask *ask);
    FALLIBLE (*start)(struct conn *conn, const struct ask *ask);
    /* Up to `columns` values; texts are borrowed until the next call. */
    FALLIBLE (*next)(struct conn *conn, struct value *row, size_t columns, bool *more);
    int64_t (*changed)(struct conn *conn);
    void (*finish)(struct conn *conn);
    struct str (*clash)(struct conn *conn);

    /* Migrations: a text of several statements, with its name for the note; is there a table of this name? */
    FALLIBLE (*script)(struct conn *conn, const char *name, const char *text);
    FALLIBLE (*has_table)(struct conn *conn, const char *name, bool *has);

    /* Wait until every transaction that has written to this table by now has ended; NULL where one writes after the other. */
    FALLIBLE (*settle)(struct conn *conn, const char *table);

    /* News for other connections; see store/news.h.  tell: NULL where every commit is news by itself. */
    FALLIBLE (*tell)(struct conn *conn, const char *word);
    FALLIBLE (*hear)(struct conn *conn, int wake, int64_t most_ms, unsigned *heard);

    /* For who looks after it: read all and look for damage. */
    FALLIBLE (*intact)(struct conn *conn);

    /* For who moves it to another database. */
    const struct bulk_driver *bulk;

    /* Only of a database that is one file; NULL elsewhere.  See store/file.h. */
    const struct file_driver *file;
};

struct file_driver {
    FALLIBLE (*copy)(struct conn *conn, const char *path, struct conn **copy); /* dropped by disconnect */
    FALLIBLE (*find)(const struct store_options *options, struct held **out);
    FALLIBLE (*take)(struct held *held);
    FALLIBLE (*replace)(struct held *held, const char *by, const char *kept);
    const char *(*path)(const struct held *held);
    void (*let_go)(struct held *held);
};

/* The row of the table for DATABASE_URL.  Ends: ERR_INVALID. */
FALLIBLE driver_find(struct str url, const struct driver **out);

extern const struct driver sqlite_driver, postgres_driver;

/* The insides of what store.h hides. */
struct store {
    const struct driver *driver;
    struct engine *engine;
    struct tally tally;
};

struct db {
    struct store *store;
    struct conn *conn; /* NULL in a transaction that still gathers */
    struct tx *tx;     /* that it reads in; NULL: none */
};

/* It gathers (parcel), or was begun (work), or was posted (both). */
struct tx {
    struct db db;
    struct work *work;
    struct parcel *parcel;
};

/* Begin it now if it gathers: what is asked next needs an answer.  Ends: those of the statements that have gathered. */
FALLIBLE tx_open(struct tx *tx);
