/* What the files of the PostgreSQL driver share.  Only they include this.
 *
 * postgres.c            the address, the engine, the table of functions
 * postgres_library.c    libpq, loaded when it is first needed
 * postgres_connect.c    one connection: opening it, what the server is like, pauses while it can't be reached
 * postgres_answer.c     waiting for an answer; how a failure ends; what it says
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
#include <pthread.h>
#include "base/secret.h"
#include "store/combiner.h"
#include "store/driver.h"
#include "store/postgres_flight.h"

#define POSTGRES_WRITERS   16 /* connections that write; past that, more only wait for each other in the server */
#define READERS_TOGETHER   32 /* statements that travel at once on a link that all threads share */
#define POSTGRES_STATE_MAX 96 /* bytes of what tells one life of a server from another */
#define POSTGRES_XID_MAX   24 /* bytes of a transaction's number as text */

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

/* Ends: ERR_BUSY (WHY_STORE_BUSY), with the server's reason as the sentence. */
FALLIBLE conn_up(struct conn *conn); /* connect unless it is */
void conn_down(struct conn *conn);
struct conn *conn_new(struct engine *engine, bool writes);
void conn_free(struct conn *conn);
/* Do it.  While nothing of a transaction was told to anybody it is done again: on a fresh link when an old one turns out to be
 * dead; after a deadlock or a serialisation failure. */
FALLIBLE conn_do(struct conn *conn, FALLIBLE (*once)(struct conn *, const void *), const void *what);

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
