/* Whole tables of a PostgreSQL database: store/bulk.h. */
#include "store/postgres_own.h"

/* The schema that names without a schema mean. */
#define OURS                                                                                                           \
    "c.relnamespace = CAST(pg_catalog.quote_ident(current_schema()) AS regnamespace) AND c.relkind IN ('r', 'p')"
#define CATALOGUE                                                                                                      \
    "SELECT c.relname, a.attname, CASE WHEN t.typname IN ('int2', 'int4', 'int8', 'bool') THEN 'integer'"              \
    " WHEN t.typname = 'bytea' THEN 'bytes' ELSE CAST(t.typname AS text) END, CAST(a.atttypid AS bigint),"             \
    " coalesce(array_position(CAST(i.indkey AS int2[]), a.attnum) + 1, 0),"                                            \
    " pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL"                                           \
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"                                 \
    " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"                                                                 \
    " LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary"                                        \
    " WHERE " OURS " AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"         \
    " AND c.relname <> 'schema_migrations' ORDER BY c.relname, a.attnum"
#define REFERENCES                                                                                                     \
    "SELECT DISTINCT c.relname, r.relname FROM pg_catalog.pg_constraint k"                                             \
    " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_class r ON r.oid = k.confrelid"              \
    " WHERE k.contype = 'f' AND k.conrelid <> k.confrelid AND " OURS
#define IDENTITY                                                                                                       \
    "SELECT concat(extract(epoch FROM pg_postmaster_start_time()), ' ', d.oid) FROM pg_catalog.pg_database d"          \
    " WHERE d.datname = current_database()"

/* The reader's transaction ends with its connection; it stands still while the target is written. */
#define SNAPSHOT                                                                                                       \
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0;"                                \
    " SET LOCAL idle_in_transaction_session_timeout = 0; SELECT 1"

static FALLIBLE snapshot(struct conn *conn)
{
    TRY(postgres_script(conn, "snapshot", SNAPSHOT));
    conn->tx = TX_BEGUN; /* on another link it would be another moment */
    return OK;
}

/* The binary form of COPY (PostgreSQL, "COPY", Binary Format): a signature, flags and the length of an extension, both 0; each row
 * the number of its fields, each field its length, -1 for NULL, and its bytes; at the end -1 instead of a number of fields. */
#define HEAD       "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
#define HEAD_BYTES 19

enum { TYPE_BOOL = 16, TYPE_INT8 = 20, TYPE_INT2 = 21, TYPE_INT4 = 23 };

static void add_number(struct buf *out, int64_t number, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        buf_add_char(out, (char)((uint64_t)number >> shift & 0xff));
}

static int width_of(int64_t type)
{
    return type == TYPE_BOOL ? 1 : type == TYPE_INT2 ? 2 : type == TYPE_INT4 ? 4 : 8;
}

static bool fits(int64_t number, int64_t type)
{
    int64_t most = type == TYPE_BOOL ? 1 : INT64_MAX >> (64 - 8 * width_of(type));

    return number <= most && number >= (type == TYPE_BOOL ? 0 : -most - 1);
}

static FALLIBLE add_int(struct buf *out, const struct bulk_column *column, int64_t number)
{
    if (!fits(number, column->type))
        return fail(ERR_INVALID, "a number in %.*s is too great for the target", STR_ARG(column->name));
    add_number(out, width_of(column->type), 4);
    add_number(out, number, width_of(column->type));
    return OK;
}

static FALLIBLE add_value(struct buf *out, const struct bulk_column *column, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        add_number(out, -1, 4);
        return OK;
    case VALUE_INT:
        return add_int(out, column, value->number);
    case VALUE_TEXT:
    case VALUE_BYTES:
        break;
    }
    add_number(out, (int64_t)value->bytes.len, 4);
    buf_add(out, value->bytes);
    return OK;
}

static FALLIBLE add_rows(struct buf *out, const struct bulk_table *table, const struct value *rows, size_t count)
{
    buf_add(out, (struct str){ HEAD, HEAD_BYTES });
    for (size_t row = 0; row < count; row++) {
        add_number(out, (int64_t)table->count, 2);
        for (size_t i = 0; i < table->count; i++)
            TRY(add_value(out, &table->columns[i], &rows[row * table->count + i]));
    }
    add_number(out, -1, 2);
    return OK;
}

/* All of it at once: a buffer that grows would leave its smaller ones behind. */
static size_t size_of(const struct bulk_table *table, const struct value *rows, size_t count)
{
    size_t cells = count * table->count, size = HEAD_BYTES + count * 2 + cells * (4 + 8) + 2;

    for (size_t i = 0; i < cells; i++)
        size += rows[i].kind == VALUE_TEXT || rows[i].kind == VALUE_BYTES ? rows[i].bytes.len : 0;
    return size;
}

static const char *copy_text(struct arena *mem, const struct bulk_table *table)
{
    struct buf out = buf_new(mem, 1024);

    buf_printf(&out, "COPY \"%.*s\" (", STR_ARG(table->name));
    bulk_add_columns(&out, table);
    buf_add(&out, STR(") FROM STDIN (FORMAT binary)"));
    return arena_cstr(mem, buf_str(&out));
}

struct filling {
    const char *text;
    struct str rows;
};

static FALLIBLE fill_once(struct conn *conn, const void *what)
{
    const struct libpq *pq = conn->engine->pq;
    const struct filling *filling = what;
    int64_t wait_ms = answer_wait_ms(conn->engine);

    TRY(tx_ready(conn));
    TRY(answer_copy(conn, "copy", filling->text, wait_ms));
    if (pq->PQputCopyData(conn->link, filling->rows.ptr, (int)filling->rows.len) != 1 ||
        pq->PQputCopyEnd(conn->link, NULL) != 1)
        return answer_send_failed(conn, "copy");
    return answer_wait(conn, "copy", wait_ms, NULL);
}

/* A column that counts by itself takes the numbers that it is given here ("COPY", Notes). */
static FALLIBLE fill(struct conn *conn, const struct bulk_table *table, const struct value *rows, size_t count)
{
    AUTO(arena) struct arena *mem = arena_new();
    struct buf out = buf_new(mem, size_of(table, rows, count));

    TRY(add_rows(&out, table, rows, count));
    const struct filling filling = { copy_text(mem, table), buf_str(&out) };
    return conn_do(conn, fill_once, &filling);
}

static FALLIBLE ask_number(struct conn *conn, const char *text, const struct value *in, size_t count, int64_t *out)
{
    struct value row = { .kind = VALUE_NULL };
    bool more = false;
    enum err end;

    TRY(postgres_pass(conn, text, in, count));
    end = postgres_next(conn, &row, 1, &more);
    postgres_finish(conn);
    *out = row.number;
    return end;
}

#define SERIAL_LAST                                                                                                    \
    "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(CAST($1 AS text), CAST($2 AS text)) AS regclass))"
#define SERIAL_SET                                                                                                     \
    "SELECT setval(CAST(pg_get_serial_sequence(CAST($1 AS text), CAST($2 AS text)) AS regclass),"                      \
    " greatest(CAST($3 AS bigint), 1), CAST($3 AS bigint) > 0)"

static FALLIBLE serial_last(struct conn *conn, struct str table, struct str column, int64_t *last)
{
    const struct value in[] = { in_text(table), in_text(column) };
    return ask_number(conn, SERIAL_LAST, in, 2, last);
}

static FALLIBLE serial_set(struct conn *conn, struct str table, struct str column, int64_t last)
{
    const struct value in[] = { in_text(table), in_text(column), in_int(last) };
    int64_t now = 0;
    return ask_number(conn, SERIAL_SET, in, 3, &now);
}

const struct bulk_driver postgres_bulk = {
    .catalogue = CATALOGUE,
    .references = REFERENCES,
    .identity = IDENTITY,
    .snapshot = snapshot,
    .ask = postgres_pass,
    .fill = fill,
    .serial_last = serial_last,
    .serial_set = serial_set,
};
