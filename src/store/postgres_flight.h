/* What travels to a PostgreSQL server and back, on a connection of postgres_own.h. */
#pragma once
#include "store/driver.h"
#include "store/parcel.h"
#include "store/postgres_library.h"

#define POSTGRES_NEVER  INT64_MAX /* wait_ms: as long as the server lives */
#define POSTED_TOGETHER 16        /* transactions that are data, in one of the server */
#define POSTED_BEGIN    4         /* statements that go before theirs */
#define FLIGHT_MAX      (2 * (POSTED_TOGETHER * PARCEL_ASKS + POSTED_BEGIN)) /* statements, and what prepares them */

struct conn;
struct engine;

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

struct value answer_value(const struct libpq *pq, const PGresult *answer, int row, int column); /* borrowed */
struct portion answer_whole(const struct libpq *pq, const PGresult *answer);
int64_t answer_number(const struct libpq *pq, const PGresult *answer, int row); /* in its first column; 0: none */
int64_t answer_changed(const struct libpq *pq, const PGresult *answer);         /* rows */
