/* Statements that travel together, in libpq's pipeline mode (PostgreSQL 15, 34.5): they are sent without waiting, and after
 * one that fails the server skips the rest, up to the next synchronisation point.  We set that point when we begin to wait. */
#include "store/postgres_own.h"

#include <stdio.h>
#include <string.h>

#define PARAMETERS_MAX 32
#define NUMBER_MAX     24 /* bytes of an integer as text */

static const struct {
    const char *name, *text;
} own[] = {
    [OWN_BEGIN - QUERY_COUNT] = { "BEGIN", "BEGIN ISOLATION LEVEL READ COMMITTED" },
    [OWN_NUMBER - QUERY_COUNT] = { "NUMBER", "SELECT CAST(pg_catalog.pg_current_xact_id() AS TEXT)" },
    [OWN_BOUNDS -
        QUERY_COUNT] = { "BOUNDS",
                         "SELECT pg_catalog.set_config('lock_timeout', CAST($1 AS TEXT), true),"
                         " pg_catalog.set_config('statement_timeout', CAST($2 AS TEXT), true),"
                         " pg_catalog.set_config('idle_in_transaction_session_timeout', CAST($3 AS TEXT), true)" },
    [OWN_HASTE - QUERY_COUNT] = { "HASTE", "SET LOCAL lock_timeout = 50" },
    [OWN_COMMIT - QUERY_COUNT] = { "COMMIT", "COMMIT" },
    /* SESSION_STANDING for many.  What the inner SELECT hides from the planner is how many, so it keeps one plan for all numbers. */
    [OWN_STANDINGS - QUERY_COUNT] = { "STANDINGS", "SELECT k.n, " STANDING ", " CALLER
                                                   " FROM unnest((SELECT CAST($1 AS TEXT[]))) WITH ORDINALITY k (id, n)"
                                                   " JOIN sessions s ON s.id = k.id JOIN users u ON u.id = s.user_id" },
    [OWN_TEXT - QUERY_COUNT] = { "copy", NULL },
};

static const char *name_of(int query)
{
    return query < (int)QUERY_COUNT ? query_name((enum query_id)query) : own[query - (int)QUERY_COUNT].name;
}

static const char *text_of(int query)
{
    return query < (int)QUERY_COUNT ? query_text((enum query_id)query) : own[query - (int)QUERY_COUNT].text;
}

/* What a statement is sent with.  Integers go as text, since the server decides how wide a parameter is; texts and bytes go as
 * they are: both have a length, and neither needs an escape. */
struct parameters {
    const char *values[PARAMETERS_MAX];
    int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX];
    char numbers[PARAMETERS_MAX][NUMBER_MAX];
};

static void bind(struct parameters *p, size_t at, const struct value *value)
{
    p->formats[at] = 1;
    switch (value->kind) {
    case VALUE_NULL:
        p->values[at] = NULL;
        return;
    case VALUE_INT:
        snprintf(p->numbers[at], NUMBER_MAX, "%lld", (long long)value->number);
        p->values[at] = p->numbers[at];
        p->formats[at] = 0;
        return;
    case VALUE_TEXT:
    case VALUE_BYTES:
        p->values[at] = value->bytes.len == 0 ? "" : value->bytes.ptr; /* NULL would be SQL's */
        p->lengths[at] = (int)value->bytes.len;
        return;
    }
}

static FALLIBLE bind_all(struct parameters *p, int query, const struct value *in, size_t count)
{
    if (count > PARAMETERS_MAX)
        return fail(ERR_INTERNAL, "%s: %zu parameters", name_of(query), count);
    for (size_t i = 0; i < count; i++)
        bind(p, i, &in[i]);
    return OK;
}

/* Ready for one more. */
static FALLIBLE make_room(struct conn *conn, int query)
{
    const struct libpq *pq = conn->engine->pq;

    if (conn->flight.count == FLIGHT_MAX)
        TRY(flight_land(conn));
    if (conn->flight.landed)
        flight_forget(conn);
    if (pq->PQpipelineStatus(conn->link) == PQ_PIPELINE_OFF && !pq->PQenterPipelineMode(conn->link))
        return answer_send_failed(conn, name_of(query));
    return OK;
}

static FALLIBLE added(struct conn *conn, int query, bool prepares, int sent)
{
    struct flight *f = &conn->flight;

    if (!sent)
        return answer_send_failed(conn, name_of(query));
    f->items[f->count].query = query;
    f->items[f->count].prepares = prepares;
    f->items[f->count].answer = NULL;
    f->count++;
    f->landed = false;
    return OK;
}

/* A statement is kept under its own name.  Behind a pooler the next one may run in another session, so there it is only looked
 * at. */
FALLIBLE flight_prepare(struct conn *conn, int query)
{
    const char *name = conn->pooled ? "" : name_of(query);

    if (conn->prepared[query])
        return OK;
    TRY(make_room(conn, query));
    conn->prepared[query] = !conn->pooled;
    return added(conn, query, true, conn->engine->pq->PQsendPrepare(conn->link, name, text_of(query), 0, NULL));
}

FALLIBLE flight_add(struct conn *conn, int query, const struct value *in, size_t count)
{
    const struct libpq *pq = conn->engine->pq;
    struct parameters p;
    int sent;

    TRY(bind_all(&p, query, in, count));
    if (!conn->pooled)
        TRY(flight_prepare(conn, query));
    TRY(make_room(conn, query));
    if (conn->pooled)
        sent = pq->PQsendQueryParams(conn->link, text_of(query), (int)count, NULL, p.values, p.lengths, p.formats, 1);
    else
        sent = pq->PQsendQueryPrepared(conn->link, name_of(query), (int)count, p.values, p.lengths, p.formats, 1);
    return added(conn, query, false, sent);
}

FALLIBLE flight_add_text(struct conn *conn, const char *text, const struct value *in, size_t count)
{
    struct parameters p;

    TRY(bind_all(&p, OWN_TEXT, in, count));
    TRY(make_room(conn, OWN_TEXT));
    conn->flight.patient = true;
    return added(
        conn, OWN_TEXT, false,
        conn->engine->pq->PQsendQueryParams(conn->link, text, (int)count, NULL, p.values, p.lengths, p.formats, 1));
}

/* A result, and the NULL behind it. */
static FALLIBLE take_answer(struct conn *conn, const char *what, int64_t until_ns, PGresult **out)
{
    PGresult *result = NULL, *more = NULL;
    enum err end;

    TRY(answer_next(conn, what, until_ns, &result));
    if (result == NULL)
        return answer_send_failed(conn, what);
    end = answer_next(conn, what, until_ns, &more);
    conn->engine->pq->PQclear(more);
    if (end == OK)
        *out = result;
    else
        conn->engine->pq->PQclear(result);
    return end;
}

/* end: how those before it ended; what the server skips after a failure has nothing to say. */
static FALLIBLE land_one(struct conn *conn, size_t at, int64_t until_ns, enum err end)
{
    const char *what = name_of(conn->flight.items[at].query);
    PGresult *result = NULL;
    enum err mine = end == OK ? ERR_INTERNAL : end;

    TRY(take_answer(conn, what, until_ns, &result));
    if (end == OK)
        mine = answer_judge(conn, what, result);
    if (mine == OK) {
        conn->flight.items[at].answer = result;
        return OK;
    }
    if (conn->flight.items[at].prepares)
        conn->prepared[conn->flight.items[at].query] = false;
    conn->engine->pq->PQclear(result);
    return mine;
}

static FALLIBLE land_all(struct conn *conn)
{
    int64_t until_ns = answer_until_ns(conn->flight.patient ? POSTGRES_NEVER : answer_wait_ms(conn->engine));
    enum err end = OK;
    PGresult *point = NULL;

    for (size_t i = 0; i < conn->flight.count; i++) {
        end = land_one(conn, i, until_ns, end);
        if (conn->link == NULL)
            return end;
    }
    TRY(answer_next(conn, "sync", until_ns, &point));
    if (point == NULL)
        return answer_send_failed(conn, "sync");
    answer_drop(conn, &point);
    return end;
}

FALLIBLE flight_land(struct conn *conn)
{
    if (conn->flight.landed)
        return OK;
    conn->flight.landed = true;
    if (!conn->engine->pq->PQpipelineSync(conn->link))
        return answer_send_failed(conn, "sync");
    return land_all(conn);
}

PGresult *flight_answer(struct conn *conn, int query)
{
    struct flight *f = &conn->flight;

    for (size_t i = f->count; i-- > 0;)
        if (f->items[i].query == query && !f->items[i].prepares)
            return f->items[i].answer;
    return NULL;
}

void flight_forget(struct conn *conn)
{
    struct flight *f = &conn->flight;

    for (size_t i = 0; i < f->count; i++)
        answer_drop(conn, &f->items[i].answer);
    f->count = 0;
    f->landed = true;
    f->patient = false;
    conn->portion = (struct portion){ .answer = NULL };
}

FALLIBLE flight_leave(struct conn *conn)
{
    const struct libpq *pq = conn->engine->pq;

    TRY(flight_land(conn));
    flight_forget(conn);
    if (pq->PQpipelineStatus(conn->link) != PQ_PIPELINE_OFF && !pq->PQexitPipelineMode(conn->link))
        return answer_send_failed(conn, "sync");
    return OK;
}
