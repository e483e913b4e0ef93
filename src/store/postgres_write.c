#include "store/postgres_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"

#define LOOK_LEAST 10 /* ms between two looks for a lost commit */
#define LOOK_MOST  200

/* The transaction's number is asked for at its beginning: it is the only thing by which a commit whose answer is lost can be
 * found again, and a transaction that writes gets one anyway. */
FALLIBLE tx_begin(struct conn *conn)
{
    int64_t busy_ms = conn->engine->busy_ms;
    char texts[3][24];
    struct value bounds[3];

    if (conn->tx != TX_TO_BEGIN)
        return OK;
    TRY(flight_add(conn, OWN_BEGIN, NULL, 0));
    if (conn->pooled) {
        for (int i = 0; i < 3; i++) {
            snprintf(texts[i], sizeof texts[i], "%lld", (long long)(busy_ms << i));
            bounds[i] = in_text(str_of(texts[i]));
        }
        TRY(flight_add(conn, OWN_BOUNDS, bounds, 3));
    }
    return flight_add(conn, OWN_NUMBER, NULL, 0);
}

void tx_landed(struct conn *conn)
{
    PGresult *number = conn->tx == TX_TO_BEGIN ? flight_answer(conn, OWN_NUMBER) : NULL;

    if (number == NULL)
        return;
    snprintf(conn->begun.xid, sizeof conn->begun.xid, "%s", conn->engine->pq->PQgetvalue(number, 0, 0));
    snprintf(conn->begun.server, sizeof conn->begun.server, "%s", conn->server);
}

FALLIBLE tx_ready(struct conn *conn)
{
    TRY(tx_begin(conn));
    TRY(flight_land(conn));
    tx_landed(conn);
    return OK;
}

/* What still travels lands first, however it ends. */
bool tx_undo(struct conn *conn)
{
    if (conn->tx == TX_NONE)
        return true;
    if (flight_land(conn) != OK && conn->link == NULL)
        return false;
    return answer_to(conn, "rollback", "ROLLBACK", answer_wait_ms(conn->engine), NULL) == OK;
}

/* Nothing is sent yet. */
FALLIBLE postgres_begin(struct engine *engine, struct work **out)
{
    struct work *work;
    struct conn *conn = NULL;

    TRY(writers_take(engine, &conn));
    work = calloc(1, sizeof *work);
    if (work == NULL)
        die("out of memory");
    *work = (struct work){ .engine = engine, .conn = conn, .members = 1 };
    conn->tx = TX_TO_BEGIN;
    conn->begun.xid[0] = '\0';
    *out = work;
    return OK;
}

struct conn *postgres_conn(struct work *work)
{
    return work->conn;
}

/* Leave nothing of it on the link.  The note stays: it tells why. */
static void clean_up(struct conn *conn)
{
    struct note told = *note_get();

    if (conn->link != NULL && !tx_undo(conn))
        conn_down(conn);
    note_put(&told);
}

/* What has not ended yet is undone. */
void postgres_rollback(struct work *work)
{
    struct conn *conn = work->conn;

    if (conn != NULL) {
        if (conn->tx == TX_BEGUN)
            clean_up(conn);
        flight_forget(conn);
        conn->tx = TX_NONE;
        writers_give(work->engine, conn);
    }
    free(work);
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
    if (strcmp(conn->server, conn->begun.server) != 0) {
        *known = true;
        return answer_busy("commit",
                           "its answer was lost, and the server has started anew since: it may have been done or not");
    }
    snprintf(text, sizeof text, "SELECT pg_catalog.pg_xact_status(CAST('%s' AS xid8))", conn->begun.xid);
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

    work->conn->tx = TX_NONE;
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

/* It travels with the statements that were put off.  A transaction in which one has failed before is rolled back by COMMIT, and
 * that is no failure to the server. */
static FALLIBLE commit_once(struct conn *conn)
{
    const struct libpq *pq = conn->engine->pq;

    TRY(flight_add(conn, OWN_COMMIT, NULL, 0));
    TRY(flight_land(conn));
    if (strcmp(pq->PQcmdStatus(flight_answer(conn, OWN_COMMIT)), "COMMIT") == 0)
        return OK;
    return fail(ERR_INTERNAL, "commit: a failure in this transaction has rolled it back");
}

static FALLIBLE commit(struct work *work)
{
    struct conn *conn = work->conn;
    enum err end;

    if (conn->tx == TX_TO_BEGIN) /* nothing was asked */
        return OK;
    if (conn->link == NULL)
        return answer_busy("commit", "the connection of this transaction is lost; nothing of it is there");
    end = commit_once(conn);
    return conn->link == NULL && conn->begun.xid[0] != '\0' ? find_out(work) : end;
}

FALLIBLE tx_commit(struct work *work)
{
    struct tally *tally = work->engine->tally;
    int64_t since_ns = clock_mono_ns();
    enum err end = commit(work);

    if (end == OK)
        work->conn->tx = TX_NONE;
    tally_add(&tally->commit_ns, (uint64_t)(clock_mono_ns() - since_ns));
    tally_add(end == OK ? &tally->commits : &tally->failed, 1);
    tally_add(&tally->committed, end == OK ? work->members : 0);
    return end;
}

FALLIBLE postgres_commit(struct work *work)
{
    enum err end = work->parcel != NULL ? posted_commit(work) : tx_commit(work);

    postgres_rollback(work);
    return end;
}
