/* Rows get their number before they are committed, so one with a smaller number may come later.  Not when everybody who was
 * writing has ended: whoever begins after that takes a greater number. */
#include "store/postgres_own.h"

#include <time.h>
#include "base/arena.h"
#include "base/clock.h"

#define LOOK_LEAST 2 /* ms between two looks */
#define LOOK_MOST  100
#define PATIENCE   5 /* times busy_ms; the server ends a transaction of ours that stands still after four */

/* Who writes to a table holds this lock on it from before the first row until the end.  A virtual transaction's name is not
 * given again while the server lives. */
#define WRITERS                                                                                                        \
    "SELECT pg_catalog.string_agg(l.virtualtransaction, ',') FROM pg_catalog.pg_locks l"                               \
    " JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = pg_catalog.current_database()"               \
    " WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted"                                     \
    " AND l.relation = CAST(pg_catalog.to_regclass('%s') AS oid)"

struct look {
    const char *text;
    struct arena *mem;
    struct str *writers; /* absent: nobody */
};

static FALLIBLE look_once(struct conn *conn, const void *what)
{
    const struct libpq *pq = conn->engine->pq;
    const struct look *look = what;
    PGresult *result = NULL;

    TRY(tx_ready(conn));
    TRY(answer_to(conn, "writers", look->text, answer_wait_ms(conn->engine), &result));
    *look->writers = (struct str){ 0 };
    if (!pq->PQgetisnull(result, 0, 0))
        *look->writers = arena_copy(look->mem, str_of(pq->PQgetvalue(result, 0, 0)));
    answer_drop(conn, &result);
    return OK;
}

FALLIBLE postgres_settle(struct conn *conn, const char *table)
{
    AUTO(arena) struct arena *mem = arena_new();
    int64_t until_ns = clock_mono_ns() + conn->engine->busy_ms * PATIENCE * 1000000;
    struct str writers = { 0 };
    struct look look = { arena_printf(mem, WRITERS, table).ptr, mem, &writers };

    TRY(conn_do(conn, look_once, &look));
    for (int64_t ms = LOOK_LEAST; writers.len > 0; ms = 2 * ms > LOOK_MOST ? LOOK_MOST : 2 * ms) {
        if (clock_mono_ns() > until_ns)
            return answer_busy(table, "a transaction that writes to it does not end");
        nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
        look.text =
            arena_printf(mem, WRITERS " AND l.virtualtransaction = ANY (pg_catalog.string_to_array('%.*s', ','))",
                         table, STR_ARG(writers))
                .ptr;
        TRY(conn_do(conn, look_once, &look));
    }
    return OK;
}
