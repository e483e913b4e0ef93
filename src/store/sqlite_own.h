/* What the files of the SQLite driver share.  Only they include this, and only this includes sqlite3.h.
 *
 * sqlite.c            the file, connections, the table of functions
 * sqlite_statement.c  statements of one connection
 * sqlite_bulk.c       whole tables, for a move to another database
 * sqlite_hold.c       a reader's snapshot, kept while nobody commits
 * sqlite_write.c      the one writer: transactions as savepoints of a shared commit
 * sqlite_copy.c       a copy of the whole while others write
 * sqlite_replace.c    another file in the place of the database
 * sqlite_news.c       has another connection committed?
 * sqlite_checkpoint.c moves the write-ahead log into the file, in the background
 */
#pragma once
#include <pthread.h>
#include <sqlite3.h>
#include "store/driver.h"
#include "store/turns.h"

/* The statements that make transactions.  A savepoint is one caller's transaction inside the shared one. */
/* clang-format off */
#define CONTROLS(C)                                                                                                    \
    C(BEGIN, "BEGIN IMMEDIATE") C(COMMIT, "COMMIT") C(ROLLBACK, "ROLLBACK")                                            \
    C(SAVEPOINT, "SAVEPOINT member") C(RELEASE, "RELEASE member") C(ROLLBACK_TO, "ROLLBACK TO member")
/* clang-format on */
#define CONTROL_NAME(name, text) CONTROL_##name,
enum control { CONTROLS(CONTROL_NAME) CONTROL_COUNT };

/* One of the two copies at the head of the log's index. */
struct index_header {
    uint32_t words[12];
};

/* Of a reader; see sqlite_hold.c. */
struct hold {
    pthread_mutex_t lock; /* taken from the beginning of a statement to its end, and by who takes the snapshot away */
    bool listed;          /* among the engine's readers */
    bool busy, open;      /* a statement runs; the snapshot is kept */
    const volatile void *index;
    struct index_header seen;
    sqlite3_stmt *begin, *end;
    struct conn *next;
};

struct conn {
    struct engine *engine;
    sqlite3 *db;
    sqlite3_stmt *kept[QUERY_COUNT]; /* prepared at first use */
    sqlite3_stmt *running;           /* between start and finish */
    sqlite3_stmt *passing;           /* the same, when it is none of queries.h and ends with finish */
    enum query_id query;             /* which one it is */
    sqlite3_stmt *versions;          /* of who listens for news, and what it said last */
    int64_t version;
    struct hold hold;
    bool failed;    /* the statement that runs */
    bool lost;      /* the writer's: SQLite has rolled the whole transaction back by itself */
    char clash[80]; /* "users.email_key" */
};

struct checkpoint;

struct engine {
    char *path, *place;
    int64_t busy_ms;
    struct tally *tally;
    struct conn *writer; /* used by who has the turn */
    sqlite3_stmt *control[CONTROL_COUNT];
    bool begun; /* a transaction is open on the writer */
    struct turns *turns;
    struct checkpoint *checkpoint;
    pthread_mutex_t readers_lock;
    struct conn *readers;
};

/* Keep "what: why (system error)" as the note.  Ends: ERR_INTERNAL, or ERR_BUSY (WHY_STORE_BUSY) when another holds the
 * file. */
FALLIBLE sqlite_fail(sqlite3 *db, int code, const char *what);

FALLIBLE sqlite_connect(struct engine *engine, const char *setup, struct conn **out);
void sqlite_disconnect(struct conn *conn);
/* The file that DATABASE_URL names, with a slash in it; the caller frees it.  Ends: ERR_INVALID. */
FALLIBLE sqlite_path(const struct store_options *options, char **path);

extern const struct file_driver sqlite_file_driver;
FALLIBLE sqlite_copy(struct conn *conn, const char *path, struct conn **copy); /* sqlite_copy.c */

FALLIBLE statement_prepare(struct conn *conn, enum query_id query);
FALLIBLE statement_start(struct conn *conn, const struct ask *ask);
/* A text of one statement; again: the same one, after next has ended it. */
FALLIBLE statement_pass(struct conn *conn, const char *text, const struct value *in, size_t count);
FALLIBLE statement_pass_again(struct conn *conn, const struct value *in, size_t count);
FALLIBLE statement_next(struct conn *conn, struct value *row, size_t columns, bool *more);
int64_t statement_changed(struct conn *conn);
void statement_finish(struct conn *conn);
struct str statement_clash(struct conn *conn);
FALLIBLE statement_script(struct conn *conn, const char *name, const char *text);
FALLIBLE statement_has_table(struct conn *conn, const char *name, bool *has);
FALLIBLE statement_intact(struct conn *conn);

void hold_open(struct conn *conn);           /* from now on, of this reader */
void hold_close(struct conn *conn);          /* before it is closed; fine where it was never opened */
void hold_begin(struct conn *conn);          /* before a statement */
void hold_end(struct conn *conn, bool good); /* behind it; fine without a beginning */
void hold_drop(struct conn *conn);           /* its snapshot is given up */
void holds_drop(struct engine *engine);      /* those of all readers, once the statements that run have ended */

FALLIBLE sqlite_hear(struct conn *conn, int wake, int64_t most_ms, unsigned *heard); /* sqlite_news.c */

FALLIBLE write_open(struct engine *engine);
void write_close(struct engine *engine);
FALLIBLE write_begin(struct engine *engine, struct work **out);
struct work *write_post(struct engine *engine, const struct parcel *parcel);
FALLIBLE write_send(struct work *work);
FALLIBLE write_commit(struct work *work);
void write_rollback(struct work *work);
struct conn *write_conn(struct work *work);
/* For who has the turn: end what is open, tell all; the turn goes, or stays. */
void write_settle(struct engine *engine, bool let_go);

struct checkpoint *checkpoint_new(struct engine *engine);
void checkpoint_drop(struct checkpoint **checkpoint); /* ends its thread */
