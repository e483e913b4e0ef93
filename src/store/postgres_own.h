/* What the files of the PostgreSQL driver share.  Only they include this, and only this includes libpq-fe.h.
 *
 * postgres.c            the address, the engine, the table of functions
 * postgres_library.c    libpq, loaded when it is first needed
 * postgres_connect.c    one connection: opening it, what the server is like, pauses while it can't be reached
 * postgres_answer.c     sending a text and waiting for its answer; how a failure ends
 * postgres_statement.c  statements of one connection
 * postgres_news.c       LISTEN and NOTIFY
 * postgres_settle.c     waiting for those who are writing to a table
 * postgres_bulk.c       whole tables, for a move to another database
 * postgres_writers.c    the connections that write, and the queue for them
 * postgres_write.c      transactions, and what became of a commit whose answer was lost
 */
#pragma once
#include <libpq-fe.h>
#include <pthread.h>
#include "base/secret.h"
#include "store/driver.h"

#define POSTGRES_WRITERS   8  /* connections that write; past that, more only wait for each other in the server */
#define POSTGRES_STATE_MAX 96 /* bytes of what tells one life of a server from another */
#define POSTGRES_NEVER     INT64_MAX /* wait_ms: as long as the server lives */

/* The functions of libpq that we call. */
/* clang-format off */
#define LIBPQ(F)                                                                                                       \
    F(PQconninfoParse) F(PQconninfoFree) F(PQfreemem) F(PQconnectdbParams) F(PQfinish) F(PQstatus) F(PQerrorMessage)   \
    F(PQsocket) F(PQserverVersion) F(PQbackendPID) F(PQtransactionStatus) F(PQsetNoticeReceiver)                       \
    F(PQsendQuery) F(PQsendPrepare) F(PQsendQueryParams) F(PQsendQueryPrepared) F(PQconsumeInput) F(PQisBusy)          \
    F(PQgetResult) F(PQclear) F(PQresultStatus) F(PQresultErrorField) F(PQntuples) F(PQnfields) F(PQftype)             \
    F(PQgetvalue) F(PQgetlength) F(PQgetisnull) F(PQcmdTuples) F(PQcmdStatus) F(PQnotifies) F(PQlibVersion)   \
    F(PQputCopyData) F(PQputCopyEnd)
/* clang-format on */
#define LIBPQ_MEMBER(name) __typeof__(name) *name;
struct libpq {
    LIBPQ(LIBPQ_MEMBER)
};

/* While the server can't be reached one thread tries at a time, after a pause; who comes meanwhile waits for it a moment, who comes
 * in the pause is told at once. */
struct outage {
    pthread_mutex_t lock;
    pthread_cond_t tried;
    bool lasts, trying;
    int64_t until_ns, pause_ms;
};

struct waiter;

struct writers {
    pthread_mutex_t lock;
    struct conn *all[POSTGRES_WRITERS], *idle[POSTGRES_WRITERS];
    size_t made, idle_count;
    struct waiter *first, **last; /* who waits for a connection, in order */
};

struct engine {
    const struct libpq *pq;
    struct secret url; /* as libpq takes it; holds the password */
    char *place;       /* for people */
    int64_t busy_ms;
    struct tally *tally;
    struct outage outage;
    struct writers writers;
};

struct conn {
    struct engine *engine;
    PGconn *link;                    /* NULL: not connected */
    PGresult *result;                /* between start and finish */
    int row;                         /* the next of it */
    enum query_id query;             /* which statement it is */
    bool prepared[QUERY_COUNT];      /* on this link */
    bool pooled;                     /* a pooler stands between: nothing of ours outlives a transaction there */
    bool writes, in_tx;              /* of the pool; within a transaction */
    bool listens;                    /* for news, on this link */
    bool gone;                       /* the last failure took the link with it */
    char server[POSTGRES_STATE_MAX]; /* which life of which server; "" when unknown */
    char clash[80];                  /* "users.email_key" */
};

/* Ends: ERR_INTERNAL (not installed). */
FALLIBLE libpq_load(const struct libpq **out);

/* Ends: ERR_BUSY (WHY_STORE_BUSY), with the server's reason as the sentence. */
FALLIBLE conn_up(struct conn *conn); /* connect unless it is */
void conn_down(struct conn *conn);
struct conn *conn_new(struct engine *engine, bool writes);
void conn_free(struct conn *conn);
/* Do it; when an old link turns out to be dead and no transaction was on it, once more on a fresh one. */
FALLIBLE conn_do(struct conn *conn, FALLIBLE (*once)(struct conn *, const void *), const void *what);

/* The answer to what has just been sent: the last result of several; the first failure of them decides.  *out is for PQclear, and
 * untouched on failure. */
FALLIBLE answer_wait(struct conn *conn, const char *what, int64_t wait_ms, PGresult **out);
/* The server is ready for the rows of this COPY ... FROM STDIN.  After that come PQputCopyData, PQputCopyEnd, answer_wait. */
FALLIBLE answer_copy(struct conn *conn, const char *what, const char *text, int64_t wait_ms);
FALLIBLE answer_send_failed(struct conn *conn, const char *what);
/* Several statements in one text, without parameters.  out may be NULL. */
FALLIBLE answer_to(struct conn *conn, const char *what, const char *text, int64_t wait_ms, PGresult **out);
FALLIBLE answer_busy(const char *what, const char *why); /* ERR_BUSY (WHY_STORE_BUSY) and a sentence for the log */
int64_t answer_wait_ms(const struct engine *engine);     /* for a statement of ours */
void answer_drop(struct conn *conn, PGresult **result);

FALLIBLE postgres_prepare(struct conn *conn, enum query_id query);
FALLIBLE postgres_start(struct conn *conn, const struct ask *ask);
FALLIBLE postgres_pass(struct conn *conn, const char *text, const struct value *in, size_t count);
FALLIBLE postgres_next(struct conn *conn, struct value *row, size_t columns, bool *more);
int64_t postgres_changed(struct conn *conn);
void postgres_finish(struct conn *conn);
struct str postgres_clash(struct conn *conn);
FALLIBLE postgres_script(struct conn *conn, const char *name, const char *text);
FALLIBLE postgres_has_table(struct conn *conn, const char *name, bool *has);
FALLIBLE postgres_intact(struct conn *conn);
FALLIBLE postgres_settle(struct conn *conn, const char *table);

FALLIBLE postgres_tell(struct conn *conn, const char *word);
FALLIBLE postgres_hear(struct conn *conn, int wake, int64_t most_ms, unsigned *heard);

void writers_open(struct engine *engine);
void writers_close(struct engine *engine);
/* Ends: ERR_BUSY (WHY_STORE_BUSY): none became free in time. */
FALLIBLE writers_take(struct engine *engine, struct conn **out);
void writers_give(struct engine *engine, struct conn *conn);

FALLIBLE postgres_begin(struct engine *engine, struct work **out);
FALLIBLE postgres_commit(struct work *work);
void postgres_rollback(struct work *work);
struct conn *postgres_conn(struct work *work);
