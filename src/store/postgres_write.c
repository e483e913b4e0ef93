#include "store/postgres_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"

#define XID_MAX    24 /* bytes of a transaction's number as text */
#define LOOK_LEAST 10 /* ms between two looks for a lost commit */
#define LOOK_MOST  200

struct work {
    struct engine *engine;
    struct conn *conn;
    char xid[XID_MAX];               /* its number in the server */
    char server[POSTGRES_STATE_MAX]; /* in which life of it */
};

static FALLIBLE begin_once(struct conn *conn, const void *what)
{
    const struct work *work = what;
    int64_t busy_ms = work->engine->busy_ms;
    PGresult *result = NULL;
    char own[160] = "", text[320], *xid = ((struct work *)(uintptr_t)what)->xid;

    if (conn->pooled)
        snprintf(own, sizeof own,
                 "SET LOCAL lock_timeout = %lld; SET LOCAL statement_timeout = %lld;"
                 " SET LOCAL idle_in_transaction_session_timeout = %lld;",
                 (long long)busy_ms, (long long)busy_ms * 2, (long long)busy_ms * 4);
    snprintf(text, sizeof text, "BEGIN ISOLATION LEVEL READ COMMITTED; %s SELECT pg_catalog.pg_current_xact_id()", own);
    TRY(answer_to(conn, "begin", text, answer_wait_ms(work->engine), &result));
    snprintf(xid, XID_MAX, "%s", work->engine->pq->PQgetvalue(result, 0, 0));
    answer_drop(conn, &result);
    return OK;
}

/* The transaction's number is asked for at its beginning: it is the only thing by which a commit whose answer is lost can be
 * found again, and a transaction that writes gets one anyway. */
FALLIBLE postgres_begin(struct engine *engine, struct work **out)
{
    struct work *work;
    struct conn *conn = NULL;
    enum err end;

    TRY(writers_take(engine, &conn));
    work = calloc(1, sizeof *work);
    if (work == NULL)
        die("out of memory");
    *work = (struct work){ .engine = engine, .conn = conn };
    end = conn_do(conn, begin_once, work);
    if (end != OK) {
        conn_down(conn); /* whatever was begun ends with it */
        writers_give(engine, conn);
        free(work);
        return end;
    }
    snprintf(work->server, sizeof work->server, "%s", conn->server);
    conn->in_tx = true;
    *out = work;
    return OK;
}

struct conn *postgres_conn(struct work *work)
{
    return work->conn;
}

static void end_work(struct work *work)
{
    work->conn->in_tx = false;
    writers_give(work->engine, work->conn);
    free(work);
}

/* The note stays: it tells why this is rolled back. */
void postgres_rollback(struct work *work)
{
    struct note told = *note_get();
    struct conn *conn = work->conn;

    postgres_finish(conn);
    if (conn->link != NULL && answer_to(conn, "rollback", "ROLLBACK", answer_wait_ms(work->engine), NULL) != OK)
        conn_down(conn);
    note_put(&told);
    end_work(work);
}

/* What became of it?  Only the same server in the same life can say: in another one the number may be somebody else's.
 * Ends: ERR_BUSY when it does not say, or not yet. */
static FALLIBLE look(struct work *work, bool *known, bool *committed)
{
    struct conn *conn = work->conn;
    PGresult *result = NULL;
    char text[128];
    struct str state;

    TRY(conn_up(conn));
    if (strcmp(conn->server, work->server) != 0) {
        *known = true;
        return answer_busy("commit",
                           "its answer was lost, and the server has started anew since: it may have been done or not");
    }
    snprintf(text, sizeof text, "SELECT pg_catalog.pg_xact_status(CAST('%s' AS xid8))", work->xid);
    TRY(answer_to(conn, "commit", text, answer_wait_ms(work->engine), &result));
    state = str_of(work->engine->pq->PQgetvalue(result, 0, 0));
    *committed = str_equal(state, STR("committed"));
    *known = *committed || str_equal(state, STR("aborted"));
    answer_drop(conn, &result);
    return OK;
}

static void pause_ms(int64_t ms)
{
    const struct timespec pause = { .tv_nsec = ms * 1000000 };
    nanosleep(&pause, NULL);
}

/* The answer to COMMIT did not come.  It is never sent again: the server is asked what it did. */
static FALLIBLE find_out(struct work *work)
{
    int64_t until_ns = clock_mono_ns() + work->engine->busy_ms * 1000000;
    bool known = false, committed = false;
    enum err end;

    work->conn->in_tx = false;
    for (int64_t ms = LOOK_LEAST;; ms = 2 * ms > LOOK_MOST ? LOOK_MOST : 2 * ms) {
        end = look(work, &known, &committed);
        if (known || clock_mono_ns() > until_ns)
            break;
        pause_ms(ms);
    }
    if (end != OK)
        return end;
    if (!known)
        return answer_busy("commit", "its answer was lost, and the server does not say what became of it");
    return committed ? OK : answer_busy("commit", "the connection was lost before it; nothing of it is there");
}

/* A transaction in which a statement has failed is rolled back by COMMIT, and that is no failure to the server. */
static FALLIBLE commit_once(struct work *work)
{
    struct conn *conn = work->conn;
    PGresult *result = NULL;
    bool done;

    TRY(answer_to(conn, "commit", "COMMIT", answer_wait_ms(work->engine), &result));
    done = strcmp(work->engine->pq->PQcmdStatus(result), "COMMIT") == 0;
    answer_drop(conn, &result);
    return done ? OK : fail(ERR_INTERNAL, "commit: a failure in this transaction has rolled it back");
}

static FALLIBLE commit(struct work *work)
{
    enum err end;

    postgres_finish(work->conn);
    if (work->conn->link == NULL)
        return answer_busy("commit", "the connection of this transaction is lost; nothing of it is there");
    end = commit_once(work);
    return work->conn->link == NULL ? find_out(work) : end;
}

FALLIBLE postgres_commit(struct work *work)
{
    struct tally *tally = work->engine->tally;
    int64_t since_ns = clock_mono_ns();
    enum err end = commit(work);

    tally_add(&tally->commit_ns, (uint64_t)(clock_mono_ns() - since_ns));
    tally_add(end == OK ? &tally->commits : &tally->failed, 1);
    tally_add(&tally->committed, end == OK ? 1 : 0);
    end_work(work);
    return end;
}
