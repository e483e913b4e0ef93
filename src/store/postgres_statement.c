#include "store/postgres_own.h"

#include <stdio.h>
#include <string.h>

static FALLIBLE prepare_once(struct conn *conn, const void *what)
{
    TRY(flight_prepare(conn, (int)*(const enum query_id *)what));
    return flight_land(conn);
}

FALLIBLE postgres_prepare(struct conn *conn, enum query_id query)
{
    return conn_do(conn, prepare_once, &query);
}

static FALLIBLE add_once(struct conn *conn, const void *what)
{
    const struct ask *ask = what;

    TRY(tx_begin(conn));
    return flight_add(conn, (int)ask->query, ask->in, ask->count);
}

static FALLIBLE start_once(struct conn *conn, const void *what)
{
    const struct ask *ask = what;

    TRY(add_once(conn, what));
    TRY(flight_land(conn));
    tx_landed(conn);
    conn->portion = answer_whole(conn->engine->pq, flight_answer(conn, (int)ask->query));
    return OK;
}

FALLIBLE postgres_start(struct conn *conn, const struct ask *ask)
{
    conn->clash[0] = '\0';
    conn->query = ask->query;
    if (conn->tx == TX_NONE && !conn->writes && readers_take(ask->query))
        return readers_ask(conn->engine, ask, &conn->haul, &conn->portion);
    return conn_do(conn, start_once, ask);
}

struct passing {
    const char *text;
    const struct value *in;
    size_t count;
};

/* It may take long: a table is counted, or read from its middle on. */
static FALLIBLE pass_once(struct conn *conn, const void *what)
{
    const struct passing *passing = what;

    TRY(tx_begin(conn));
    TRY(flight_add_text(conn, passing->text, passing->in, passing->count));
    TRY(flight_land(conn));
    tx_landed(conn);
    conn->portion = answer_whole(conn->engine->pq, flight_answer(conn, OWN_TEXT));
    return OK;
}

FALLIBLE postgres_pass(struct conn *conn, const char *text, const struct value *in, size_t count)
{
    const struct passing passing = { text, in, count };

    conn->clash[0] = '\0';
    return conn_do(conn, pass_once, &passing);
}

/* The first statement of a transaction is never put off: with its answer comes the transaction's number, without which COMMIT
 * may not be sent. */
FALLIBLE postgres_later(struct conn *conn, const struct ask *ask)
{
    if (conn->tx == TX_BEGUN)
        return conn_do(conn, add_once, ask);
    TRY(postgres_start(conn, ask));
    postgres_finish(conn);
    return OK;
}

FALLIBLE postgres_next(struct conn *conn, struct value *row, size_t columns, bool *more)
{
    const struct libpq *pq = conn->engine->pq;
    struct portion *p = &conn->portion;

    *more = p->next < p->end;
    if (!*more)
        return OK;
    if ((int)columns > pq->PQnfields(p->answer) - p->column)
        return fail(ERR_INTERNAL, "%s has fewer than %zu columns", query_name(conn->query), columns);
    for (size_t i = 0; i < columns; i++)
        row[i] = answer_value(pq, p->answer, p->next, p->column + (int)i);
    p->next++;
    return OK;
}

int64_t postgres_changed(struct conn *conn)
{
    return answer_changed(conn->engine->pq, conn->portion.answer);
}

void postgres_finish(struct conn *conn)
{
    haul_drop(conn->engine, &conn->haul);
    if (conn->flight.landed)
        flight_forget(conn);
}

struct str postgres_clash(struct conn *conn)
{
    return str_of(conn->clash);
}

/* A text of our own, on any connection. */
struct script {
    const char *name, *text;
    PGresult **out;
};

static FALLIBLE script_once(struct conn *conn, const void *what)
{
    const struct script *s = what;

    TRY(tx_ready(conn));
    return answer_to(conn, s->name, s->text, POSTGRES_NEVER, s->out);
}

FALLIBLE postgres_script(struct conn *conn, const char *name, const char *text)
{
    const struct script script = { name, text, NULL };
    return conn_do(conn, script_once, &script);
}

FALLIBLE postgres_has_table(struct conn *conn, const char *name, bool *has)
{
    PGresult *result = NULL;
    char text[128];
    const struct script script = { name, text, &result };

    snprintf(text, sizeof text, "SELECT pg_catalog.to_regclass('%s') IS NOT NULL", name);
    TRY(conn_do(conn, script_once, &script));
    *has = conn->engine->pq->PQgetvalue(result, 0, 0)[0] == 't';
    answer_drop(conn, &result);
    return OK;
}

/* Every value of every row is read, the long ones from where they are kept apart.  With page checksums (initdb
 * --data-checksums) the server finds pages that the disk has changed. */
static FALLIBLE read_through(struct conn *conn, const char *table)
{
    char text[128];
    bool has = false;

    TRY(postgres_has_table(conn, table, &has));
    if (!has)
        return OK;
    snprintf(text, sizeof text, "SET LOCAL statement_timeout = 0; SELECT sum(length(CAST(t AS TEXT))) FROM %s t",
             table);
    return postgres_script(conn, table, text);
}

FALLIBLE postgres_intact(struct conn *conn)
{
    static const char *const tables[] = { "users",        "sessions",   "audit_log",
                                          "signing_keys", "master_key", "schema_migrations" };

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        TRY(read_through(conn, tables[i]));
    return OK;
}
