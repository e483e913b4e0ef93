#include "store/postgres_own.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "crypto/random.h"

#define SERVER_OLDEST 150000 /* as PQserverVersion counts; older ones are not tested */
#define HELLO_MS      5000
#define STEPS_MS      1000 /* longer than hosts take that are well */
#define PAUSE_LEAST   50   /* ms */
#define PAUSE_MOST    1000
#define TRY_WAIT      250 /* ms that others wait for the one who tries: longer than a server that is there takes */
#define TRIES_MOST    3

/* What stands before dbname is a default that the URL may replace; what stands behind it holds (libpq 34.1.1, "expand_dbname").
 * A link that is cut without a word is noticed after 10 s of unanswered data or 25 s of silence. */
static const char *const keys[] = { "connect_timeout",
                                    "tcp_user_timeout",
                                    "keepalives_idle",
                                    "keepalives_interval",
                                    "keepalives_count",
                                    "target_session_attrs",
                                    "gssencmode",
                                    "fallback_application_name",
                                    "dbname",
                                    "client_encoding",
                                    NULL };
#define VALUES(url)                                                                                                    \
    {                                                                                                                  \
        "5", "10000", "10", "5", "3", "read-write", "disable", "postern", (url), "UTF8", NULL                          \
    }

/* Which life of which server: after a crash or a failover, numbers of transactions may be given again. */
#define HELLO                                                                                                          \
    "SELECT pg_catalog.pg_backend_pid(), pg_catalog.concat(pg_catalog.pg_postmaster_start_time(), ' ',"                \
    " (SELECT stats_reset FROM pg_catalog.pg_stat_bgwriter))"

/* Under the lock.  Most outages are over by the time that somebody tries again: nobody need be refused meanwhile. */
static void wait_for_try(struct outage *o)
{
    int64_t until_ns = clock_mono_ns() + INT64_C(1000000) * TRY_WAIT;
    struct timespec until = { .tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000 };

    while (o->lasts && o->trying && pthread_cond_clockwait(&o->tried, &o->lock, CLOCK_MONOTONIC, &until) == 0)
        continue;
}

/* May this thread try to connect now? */
static bool outage_enter(struct outage *o)
{
    bool may;

    pthread_mutex_lock(&o->lock);
    wait_for_try(o);
    may = !o->lasts || (!o->trying && clock_mono_ns() >= o->until_ns);
    o->trying = o->lasts && may ? true : o->trying;
    pthread_mutex_unlock(&o->lock);
    return may;
}

/* After a failure: half of the pause and a random part of the other half, so that nodes don't come back in step. */
static void outage_leave(struct outage *o, bool good)
{
    uint32_t chance = 0;

    random_bytes(&chance, sizeof chance);
    pthread_mutex_lock(&o->lock);
    o->pause_ms = good                           ? 0
                  : o->pause_ms == 0             ? PAUSE_LEAST
                  : 2 * o->pause_ms > PAUSE_MOST ? PAUSE_MOST
                                                 : 2 * o->pause_ms;
    o->until_ns = clock_mono_ns() + (o->pause_ms / 2 + chance % (o->pause_ms / 2 + 1)) * 1000000;
    o->lasts = !good;
    o->trying = false;
    pthread_cond_broadcast(&o->tried);
    pthread_mutex_unlock(&o->lock);
}

/* Notices ("relation exists, skipping") are for nobody. */
static void no_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

/* Time-outs live in the server's session, so that a statement that nobody waits for any more ends there too.  Behind a pooler
 * sessions are not ours: transactions set theirs, and our own clock bounds all else. */
static FALLIBLE set_up(struct conn *conn)
{
    char text[256];
    int64_t busy_ms = conn->engine->busy_ms;

    if (conn->pooled)
        return OK;
    snprintf(text, sizeof text,
             "SET lock_timeout = %lld; SET statement_timeout = %lld; SET idle_in_transaction_session_timeout = %lld;%s",
             (long long)busy_ms, (long long)busy_ms * 2, (long long)busy_ms * 4,
             conn->writes ? "" : " SET default_transaction_read_only = on");
    return answer_to(conn, "connect", text, HELLO_MS, NULL);
}

/* A pooler gives its clients numbers of its own, so the server's number of this session is another one than libpq was told. */
static FALLIBLE say_hello(struct conn *conn)
{
    const struct libpq *pq = conn->engine->pq;
    PGresult *result = NULL;
    int64_t pid = 0;

    if (pq->PQserverVersion(conn->link) < SERVER_OLDEST)
        return fail(ERR_INTERNAL, "%s is PostgreSQL %d; 15 is the oldest that is supported", conn->engine->place,
                    pq->PQserverVersion(conn->link) / 10000);
    TRY(answer_to(conn, "connect", HELLO, HELLO_MS, &result));
    if (!str_to_int(str_of(pq->PQgetvalue(result, 0, 0)), 1, INT64_MAX / 10, &pid))
        pid = 0;
    conn->pooled = pid != pq->PQbackendPID(conn->link);
    snprintf(conn->server, sizeof conn->server, "%s", pq->PQgetvalue(result, 0, 1));
    answer_drop(conn, &result);
    return set_up(conn);
}

/* False: not decided in time. */
static bool connect_in_steps(struct conn *conn)
{
    const struct libpq *pq = conn->engine->pq;
    int64_t until_ns = answer_until_ns(STEPS_MS);
    PostgresPollingStatusType wants =
        pq->PQstatus(conn->link) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;

    while (wants != PGRES_POLLING_OK && wants != PGRES_POLLING_FAILED) {
        if (!answer_ready(pq->PQsocket(conn->link), wants == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_ns))
            return false;
        wants = pq->PQconnectPoll(conn->link);
    }
    return true;
}

/* What a server says while we connect, libpq would write to stderr, so our receiver must be there by then, and only a start in
 * steps leaves room for that.  But in steps libpq stays with a host that is silent; PQreset goes on to the next one, after
 * connect_timeout. */
static FALLIBLE dial(struct conn *conn)
{
    const struct libpq *pq = conn->engine->pq;
    const char *const values[] = VALUES((const char *)conn->engine->url.ptr);

    conn->link = pq->PQconnectStartParams(keys, values, 1);
    if (conn->link == NULL)
        die("out of memory (libpq)");
    pq->PQsetNoticeReceiver(conn->link, no_notice, NULL);
    if (!connect_in_steps(conn))
        pq->PQreset(conn->link);
    if (pq->PQstatus(conn->link) != CONNECTION_OK)
        return answer_busy(conn->engine->place, pq->PQerrorMessage(conn->link));
    return say_hello(conn);
}

FALLIBLE conn_up(struct conn *conn)
{
    enum err end;

    conn->gone = conn->undone = false;
    if (conn->link != NULL && conn->engine->pq->PQstatus(conn->link) == CONNECTION_OK)
        return OK;
    conn_down(conn);
    if (!outage_enter(&conn->engine->outage))
        return answer_busy(conn->engine->place, "can't be reached; the next try is a moment away");
    end = dial(conn);
    outage_leave(&conn->engine->outage, end == OK);
    if (end != OK)
        conn_down(conn);
    return end;
}

void conn_down(struct conn *conn)
{
    flight_forget(conn);
    if (conn->link != NULL)
        conn->engine->pq->PQfinish(conn->link);
    conn->link = NULL;
    memset(conn->prepared, 0, sizeof conn->prepared);
    conn->listens = false;
}

/* A transaction lives and dies with its link. */
static FALLIBLE do_in_tx(struct conn *conn, FALLIBLE (*once)(struct conn *, const void *), const void *what)
{
    conn->gone = conn->undone = false;
    if (conn->link == NULL)
        return answer_busy(conn->engine->place, "the connection of this transaction is lost");
    return once(conn, what);
}

/* old: the link was there before. */
static bool may_again(struct conn *conn, bool old, int tries)
{
    if (tries == TRIES_MOST)
        return false;
    return conn->gone ? old : conn->undone && tx_undo(conn);
}

static FALLIBLE do_afresh(struct conn *conn, FALLIBLE (*once)(struct conn *, const void *), const void *what)
{
    for (int tries = 1;; tries++) {
        bool old = conn->link != NULL;
        enum err end;
        TRY(conn_up(conn));
        end = once(conn, what);
        if (end == OK || !may_again(conn, old, tries))
            return end;
    }
}

/* Once its first statement has failed nothing else may begin in the place of a transaction. */
FALLIBLE conn_do(struct conn *conn, FALLIBLE (*once)(struct conn *, const void *), const void *what)
{
    enum err end;

    if (conn->tx == TX_BEGUN)
        return do_in_tx(conn, once, what);
    end = do_afresh(conn, once, what);
    if (conn->tx == TX_TO_BEGIN) {
        conn->tx = TX_BEGUN;
        if (conn->link != NULL && conn->engine->pq->PQtransactionStatus(conn->link) == PQTRANS_IDLE)
            conn_down(conn);
    }
    return end;
}

struct conn *conn_new(struct engine *engine, bool writes)
{
    struct conn *conn = calloc(1, sizeof *conn);

    if (conn == NULL)
        die("out of memory");
    conn->engine = engine;
    conn->writes = writes;
    conn->flight.landed = true;
    return conn;
}

void conn_free(struct conn *conn)
{
    if (conn != NULL)
        conn_down(conn);
    free(conn);
}
