#include "store/postgres_own.h"

#include <stdio.h>
#include <string.h>

#define PARAMETERS_MAX 32
#define NUMBER_MAX     24 /* bytes of an integer as text */

/* Types of our columns (src/include/catalog/pg_type.dat of PostgreSQL). */
enum { TYPE_BOOL = 16, TYPE_BYTES = 17, TYPE_INT8 = 20, TYPE_INT2 = 21, TYPE_INT4 = 23 };

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

static FALLIBLE bind_all(struct parameters *p, const char *name, const struct value *in, size_t count)
{
    if (count > PARAMETERS_MAX)
        return fail(ERR_INTERNAL, "%s: %zu parameters", name, count);
    for (size_t i = 0; i < count; i++)
        bind(p, i, &in[i]);
    return OK;
}

/* A statement is kept under its own name.  Behind a pooler the next one may run in another session, so there it is only looked
 * at. */
static FALLIBLE prepare_once(struct conn *conn, const void *what)
{
    const struct libpq *pq = conn->engine->pq;
    enum query_id query = *(const enum query_id *)what;
    PGresult *result = NULL;

    if (conn->prepared[query])
        return OK;
    if (!pq->PQsendPrepare(conn->link, conn->pooled ? "" : query_name(query), query_text(query), 0, NULL))
        return answer_send_failed(conn, query_name(query));
    TRY(answer_wait(conn, query_name(query), answer_wait_ms(conn->engine), &result));
    answer_drop(conn, &result);
    conn->prepared[query] = !conn->pooled;
    return OK;
}

FALLIBLE postgres_prepare(struct conn *conn, enum query_id query)
{
    return conn_do(conn, prepare_once, &query);
}

static bool send_ask(struct conn *conn, const struct ask *ask, const struct parameters *p)
{
    const struct libpq *pq = conn->engine->pq;
    const char *name = query_name(ask->query);

    if (conn->pooled)
        return pq->PQsendQueryParams(conn->link, query_text(ask->query), (int)ask->count, NULL, p->values, p->lengths,
                                     p->formats, 1) != 0;
    return pq->PQsendQueryPrepared(conn->link, name, (int)ask->count, p->values, p->lengths, p->formats, 1) != 0;
}

static FALLIBLE start_once(struct conn *conn, const void *what)
{
    const struct ask *ask = what;
    struct parameters p;

    TRY(bind_all(&p, query_name(ask->query), ask->in, ask->count));
    if (!conn->pooled)
        TRY(prepare_once(conn, &ask->query));
    if (!send_ask(conn, ask, &p))
        return answer_send_failed(conn, query_name(ask->query));
    return answer_wait(conn, query_name(ask->query), answer_wait_ms(conn->engine), &conn->result);
}

FALLIBLE postgres_start(struct conn *conn, const struct ask *ask)
{
    conn->clash[0] = '\0';
    conn->query = ask->query;
    conn->row = 0;
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
    struct parameters p;

    TRY(bind_all(&p, "copy", passing->in, passing->count));
    if (!conn->engine->pq->PQsendQueryParams(conn->link, passing->text, (int)passing->count, NULL, p.values, p.lengths,
                                             p.formats, 1))
        return answer_send_failed(conn, "copy");
    return answer_wait(conn, "copy", POSTGRES_NEVER, &conn->result);
}

FALLIBLE postgres_pass(struct conn *conn, const char *text, const struct value *in, size_t count)
{
    const struct passing passing = { text, in, count };

    conn->clash[0] = '\0';
    conn->row = 0;
    return conn_do(conn, pass_once, &passing);
}

/* Big-endian, of 1 to 8 bytes, sign in the first bit. */
static int64_t int_of(const char *bytes, int length)
{
    uint64_t number = length > 0 && (bytes[0] & 0x80) != 0 ? UINT64_MAX : 0;

    for (int i = 0; i < length; i++)
        number = number << 8 | (uint8_t)bytes[i];
    return (int64_t)number;
}

static struct value value_at(const struct libpq *pq, const PGresult *result, int row, int column)
{
    const char *bytes = pq->PQgetvalue(result, row, column);
    struct str as_is = { bytes, (size_t)pq->PQgetlength(result, row, column) };

    if (pq->PQgetisnull(result, row, column))
        return (struct value){ .kind = VALUE_NULL };
    switch (pq->PQftype(result, column)) {
    case TYPE_BOOL:
    case TYPE_INT2:
    case TYPE_INT4:
    case TYPE_INT8:
        return in_int(int_of(bytes, (int)as_is.len));
    case TYPE_BYTES:
        return (struct value){ VALUE_BYTES, 0, as_is };
    default: /* text; our tables have no other types */
        return in_text(as_is);
    }
}

FALLIBLE postgres_next(struct conn *conn, struct value *row, size_t columns, bool *more)
{
    const struct libpq *pq = conn->engine->pq;

    *more = conn->row < pq->PQntuples(conn->result);
    if (!*more)
        return OK;
    if (columns > (size_t)pq->PQnfields(conn->result))
        return fail(ERR_INTERNAL, "%s has fewer than %zu columns", query_name(conn->query), columns);
    for (size_t i = 0; i < columns; i++)
        row[i] = value_at(pq, conn->result, conn->row, (int)i);
    conn->row++;
    return OK;
}

int64_t postgres_changed(struct conn *conn)
{
    int64_t changed = 0;

    if (!str_to_int(str_of(conn->engine->pq->PQcmdTuples(conn->result)), 0, INT64_MAX, &changed))
        return 0;
    return changed;
}

void postgres_finish(struct conn *conn)
{
    if (conn->result != NULL)
        answer_drop(conn, &conn->result);
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
