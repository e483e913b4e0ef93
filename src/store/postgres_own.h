/* What the files of the PostgreSQL driver share.  Only they include this, and only this includes libpq-fe.h.
 *
 * postgres.c            the address, the engine, the table of functions
 * postgres_library.c    libpq, loaded when it is first needed
 * postgres_connect.c    one connection: opening it, what the server is like, pauses while it can't be reached
 * postgres_answer.c     waiting for an answer; how a failure ends
 * postgres_flight.c     statements that are sent together, and waited for once
 * postgres_statement.c  statements of one connection
 * postgres_news.c       LISTEN and NOTIFY
 * postgres_settle.c     waiting for those who are writing to a table
 * postgres_bulk.c       whole tables, for a move to another database
 * postgres_readers.c    the connections that all threads share for reading single rows
 * postgres_writers.c    the connections that write, and the queue for them
 * postgres_write.c      transactions, and what became of a commit whose answer was lost
 * postgres_posted.c     transactions that are data, several in one of the server
 */
#pragma once
#include <libpq-fe.h>
#include <pthread.h>
#include "base/secret.h"
#include "store/combiner.h"
#include "store/driver.h"
#include "store/parcel.h"

#define POSTGRES_WRITERS   16 /* connections that write; past that, more only wait for each other in the server */
#define READERS_TOGETHER   32 /* statements that travel on one of them at once */
#define POSTGRES_STATE_MAX 96 /* bytes of what tells one life of a server from another */
#define POSTGRES_NEVER     INT64_MAX /* wait_ms: as long as the server lives */
#define POSTGRES_XID_MAX   24        /* bytes of a transaction's number as text */
#define POSTED_TOGETHER    16        /* transactions that are data, in one of the server */
#define POSTED_BEGIN       4         /* statements that go before theirs */
#define FLIGHT_MAX         (2 * (POSTED_TOGETHER * PARCEL_ASKS + POSTED_BEGIN)) /* statements, and what prepares them */

/* The functions of libpq that we call. */
/* clang-format off */
#define LIBPQ(F)                                                                                                       \
    F(PQconninfoParse) F(PQconninfoFree) F(PQfreemem) F(PQconnectStartParams) F(PQconnectPoll) F(PQreset) F(PQfinish) F(PQstatus) F(PQerrorMessage)   \
    F(PQsocket) F(PQserverVersion) F(PQbackendPID) F(PQtransactionStatus) F(PQsetNoticeReceiver)                       \
    F(PQsendQuery) F(PQsendPrepare) F(PQsendQueryParams) F(PQsendQueryPrepared) F(PQconsumeInput) F(PQisBusy)          \
    F(PQgetResult) F(PQclear) F(PQresultStatus) F(PQresultErrorField) F(PQntuples) F(PQnfields) F(PQftype)             \
    F(PQgetvalue) F(PQgetlength) F(PQgetisnull) F(PQcmdTuples) F(PQcmdStatus) F(PQnotifies) F(PQlibVersion)            \
    F(PQputCopyData) F(PQputCopyEnd)                                                                                   \
    F(PQenterPipelineMode) F(PQexitPipelineMode) F(PQpipelineStatus) F(PQpipelineSync)
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

struct readers {
    struct combiner combiner;
    struct conn *links[COMBINER_PLACES]; /* each of who leads at that place; NULL: not used yet */
};

struct engine {
    const struct libpq *pq;
    struct secret url; /* as libpq takes it; holds the password */
    char *place;       /* for people */
    int64_t busy_ms;
    struct tally *tally;
    struct outage outage;
    struct readers readers;
    struct writers writers;
    struct combiner posted;
};

/* What a transaction is made of, beside the statements of queries.h; and a text that is neither. */
enum own_query {
    OWN_BEGIN = QUERY_COUNT,
    OWN_NUMBER,
    OWN_BOUNDS,
    OWN_HASTE,
    OWN_COMMIT,
    OWN_STANDINGS,
    OWN_TEXT,
    OWN_END
};

/* What a statement is to have of an answer; borrowed. */
struct portion {
    const PGresult *answer;
    int next, end; /* rows */
    int column;    /* its first */
};

/* What is on its way to the server, and what has come back: in this order. */
struct flight {
    struct {
        int query;        /* of enum query_id or own_query */
        bool prepares;    /* else runs */
        PGresult *answer; /* good ones, until the next flight */
    } items[FLIGHT_MAX];
    size_t count;
    bool landed;  /* nothing is on its way */
    bool patient; /* one of them may take long */
};

/* BEGIN travels with the first statement. */
enum tx_state { TX_NONE, TX_TO_BEGIN, TX_BEGUN };

struct conn {
    struct engine *engine;
    PGconn *link;           /* NULL: not connected */
    struct flight flight;   /* with the answer of the statement between start and finish */
    struct portion portion; /* of that one */
    struct haul *haul;      /* it is in there, when a shared connection has brought it */
    enum query_id query;    /* which statement it is */
    bool prepared[OWN_END]; /* on this link, or on its way to be */
    bool pooled;            /* a pooler stands between: nothing of ours outlives a transaction there */
    bool writes;            /* of the pool */
    bool listens;           /* for news, on this link */
    enum tx_state tx;
    bool gone, undone; /* the last failure took the link with it; was for the sake of another transaction */
    char server[POSTGRES_STATE_MAX]; /* which life of which server; "" when unknown */
    char clash[80];                  /* "users.email_key" */
    struct {
        char xid[POSTGRES_XID_MAX];      /* its number in the server; "" when it never began */
        char server[POSTGRES_STATE_MAX]; /* in which life of it */
    } begun;
};

/* A transaction of the server (conn), or one that is data, and becomes part of such a one when it is committed (parcel). */
struct work {
    struct engine *engine;
    struct conn *conn;
    size_t members; /* how many it is for us */
    const struct parcel *parcel;
};

/* Ends: ERR_INTERNAL (not installed). */
FALLIBLE libpq_load(const struct libpq **out);

/* Ends: ERR_BUSY (WHY_STORE_BUSY), with the server's reason as the sentence. */
FALLIBLE conn_up(struct conn *conn); /* connect unless it is */
void conn_down(struct conn *conn);
struct conn *conn_new(struct engine *engine, bool writes);
void conn_free(struct conn *conn);
/* Do it.  While nothing of a transaction was told to anybody it is done again: on a fresh link when an old one turns out to be
 * dead; after a deadlock or a serialisation failure. */
FALLIBLE conn_do(struct conn *conn, FALLIBLE (*once)(struct conn *, const void *), const void *what);

/* The answer to a text that has just been sent: the last result of several; the first failure of them decides.  out may be NULL,
 * else it is for answer_drop, and untouched on failure. */
FALLIBLE answer_wait(struct conn *conn, const char *what, int64_t wait_ms, PGresult **out);
/* The server is ready for the rows of this COPY ... FROM STDIN.  After that come PQputCopyData, PQputCopyEnd, answer_wait. */
FALLIBLE answer_copy(struct conn *conn, const char *what, const char *text, int64_t wait_ms);
FALLIBLE answer_send_failed(struct conn *conn, const char *what);
bool answer_ready(int fd, short events, int64_t until_ns); /* of poll; false: not in time */
/* The next result of what has been sent; NULL at the end of one statement's.  Ends: ERR_BUSY. */
FALLIBLE answer_next(struct conn *conn, const char *what, int64_t until_ns, PGresult **out);
int64_t answer_until_ns(int64_t wait_ms);
FALLIBLE answer_judge(struct conn *conn, const char *what, const PGresult *result); /* how a result ends */
/* Several statements in one text, without parameters.  out may be NULL. */
FALLIBLE answer_to(struct conn *conn, const char *what, const char *text, int64_t wait_ms, PGresult **out);
FALLIBLE answer_busy(const char *what, const char *why); /* ERR_BUSY (WHY_STORE_BUSY) and a sentence for the log */
int64_t answer_wait_ms(const struct engine *engine);     /* for a statement of ours */
void answer_drop(struct conn *conn, PGresult **result);

/* Statements are added, and land together: one message there, one wait.  The first failure decides how it ends; the server
 * skips those behind it.  A full flight lands before the next is added. */
FALLIBLE flight_add(struct conn *conn, int query, const struct value *in, size_t count);
FALLIBLE flight_prepare(struct conn *conn, int query);
FALLIBLE flight_add_text(struct conn *conn, const char *text, const struct value *in,
                         size_t count); /* OWN_TEXT; patient */
FALLIBLE flight_land(struct conn *conn);
PGresult *flight_answer(struct conn *conn, int query); /* of the last landing; borrowed; NULL: it was not part of it */
void flight_forget(struct conn *conn);                 /* its answers; all of it when the link is gone */
FALLIBLE flight_leave(struct conn *conn);              /* land, and be ready for texts of several statements */

FALLIBLE postgres_prepare(struct conn *conn, enum query_id query);

void readers_open(struct engine *engine);
void readers_close(struct engine *engine);
bool readers_take(enum query_id query); /* is it one that may go with others? */
/* Ask on a shared connection.  out: in haul, which is for haul_drop.  Ends: as a statement's. */
FALLIBLE readers_ask(struct engine *engine, const struct ask *ask, struct haul **haul, struct portion *out);
void haul_drop(struct engine *engine, struct haul **haul);

FALLIBLE postgres_later(struct conn *conn, const struct ask *ask);
FALLIBLE postgres_start(struct conn *conn, const struct ask *ask);
FALLIBLE postgres_pass(struct conn *conn, const char *text, const struct value *in, size_t count);
FALLIBLE postgres_next(struct conn *conn, struct value *row, size_t columns, bool *more);
int64_t postgres_changed(struct conn *conn);
struct portion answer_whole(const struct libpq *pq, const PGresult *answer);
int64_t answer_number(const struct libpq *pq, const PGresult *answer, int row); /* in its first column; 0: none */
int64_t answer_changed(const struct libpq *pq, const PGresult *answer);         /* rows */
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

FALLIBLE tx_begin(struct conn *conn);  /* BEGIN joins the flight, where one is due */
void tx_landed(struct conn *conn);     /* keep what the flight with BEGIN has brought */
FALLIBLE tx_ready(struct conn *conn);  /* both at once, for texts that don't fly */
bool tx_undo(struct conn *conn);       /* roll back; false: the link is of no more use */
FALLIBLE tx_commit(struct work *work); /* else it is still there, unless the link is lost (TX_NONE: it may be done) */
FALLIBLE postgres_begin(struct engine *engine, struct work **out);
FALLIBLE postgres_commit(struct work *work);
void postgres_rollback(struct work *work);
struct conn *postgres_conn(struct work *work);

void posted_open(struct engine *engine);
void posted_close(struct engine *engine);
struct work *postgres_post(struct engine *engine, const struct parcel *parcel);
FALLIBLE posted_commit(struct work *work); /* and no more: it is still there */
