/* The database: connections for reading, transactions for writing.
 *
 * Owns     struct store, struct db and struct tx, each dropped by its _drop.
 * Threads  a store is shared; a db belongs to one thread at a time; a tx to the thread that began it.
 * Promise  what store_commit acknowledged is on the disk.  SQLite (WAL, synchronous=FULL): transactions of several threads that
 * come together share one commit and its fsync; a failed commit fails every one of them.  PostgreSQL: as synchronous_commit of
 * the server says.
 * Ends     any call: ERR_BUSY (WHY_STORE_BUSY) when the database is busy or can't be reached; it is worth another try.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct store;
struct db;
struct tx;

struct store_options {
    struct str url;    /* DATABASE_URL: sqlite:FILE, sqlite:///FILE (sqlite::memory: is refused), postgresql://... */
    struct str folder; /* relative files lie here */
    int64_t busy_ms;   /* how long a writer waits for its turn; then ERR_BUSY */
    bool create;       /* make the file when it is missing (0600) */
};

/* Ends: ERR_INVALID (an URL that we do not take), ERR_MISSING (no such file, and not to be made), ERR_INTERNAL (the note names
 * the file and why). */
FALLIBLE store_open(const struct store_options *options, struct store **out);
void store_drop(struct store **store);
bool store_shared(const struct store *store);      /* do other nodes work on it too? */
struct str store_place(const struct store *store); /* for people: "sqlite:/srv/postern.db"; never a password */

/* A connection for reading.  Statements are prepared once per connection. */
FALLIBLE db_open(struct store *store, struct db **out);
void db_drop(struct db **db);

/* Wait for the turn to write.  On PostgreSQL the transaction begins with its first statement.  Ends: ERR_BUSY (WHY_STORE_BUSY), ERR_INTERNAL. */
FALLIBLE store_begin(struct store *store, struct tx **out);
/* The same for who wants to know no more than whether all of it could be done (query_later, query_expect): nothing begins before the
 * commit, so nobody waits meanwhile, and somebody else may do it together with his own.  Then his statements may come between what is
 * looked at of it (query_expect, query_number_later) and what follows.  What asks for an answer begins it at once. */
FALLIBLE store_gather(struct store *store, struct tx **out);
/* OK: durable.  Any end closes the transaction; *tx becomes NULL. */
FALLIBLE store_commit(struct tx **tx);
/* For who has something to do meanwhile: send the commit on its way where that is possible.  Nothing more may be asked then; whether
 * it came to be says store_commit; behind a failure there is only tx_drop.  Dropped after it was sent, it may have come to be. */
FALLIBLE store_send(struct tx *tx);
/* Roll back unless committed; NULL is fine.  Behind it everybody sees what was seen in it, unless that commit failed. */
void tx_drop(struct tx **tx);
struct db *tx_db(struct tx *tx); /* to read what this transaction sees; borrowed */

/* Does the database answer, and is its schema the one of this program, or expanded since?  Ends: ERR_INTERNAL, ERR_CONFLICT (schema). */
FALLIBLE store_ready(struct db *db);

/* Read the whole database and look for damage; takes as long as its size.  Ends: ERR_INTERNAL (the note has the first
 * fault). */
FALLIBLE store_intact(struct db *db);

/* Prepare every statement of queries.h once and forget it: a typo fails here.  Ends: ERR_INTERNAL. */
FALLIBLE store_check_queries(struct store *store);

const char *store_sqlite_version(void); /* of the library, as it is loaded */
const char *store_libpq_version(void);  /* the same, loaded for this; "not installed" when it can't be */

struct store_figures {
    uint64_t commits, committed, failed; /* commits; transactions in them; failed commits */
    uint64_t wait_us, commit_us;         /* sums: waiting for the turn; inside COMMIT */
    uint64_t reads, read_us;             /* statements read outside transactions, and their time */
};
void store_figures(struct store *store, struct store_figures *out);
