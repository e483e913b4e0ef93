/* Whole tables of an SQLite database: store/bulk.h. */
#include "store/sqlite_own.h"

#include "store/bulk.h"

/* Tables are STRICT, so the declared type is the type. */
#define CATALOGUE                                                                                                      \
    "SELECT t.name, c.name, CASE c.type WHEN 'INTEGER' THEN 'integer' WHEN 'INT' THEN 'integer' WHEN 'TEXT' THEN"      \
    " 'text' WHEN 'BLOB' THEN 'bytes' ELSE c.type END, 0, c.pk, c.pk > 0 AND t.sql LIKE '%AUTOINCREMENT%'"             \
    " FROM sqlite_schema t JOIN pragma_table_xinfo(t.name) c WHERE t.type = 'table' AND c.hidden = 0"                  \
    " AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND t.name <> 'schema_migrations' ORDER BY t.name, c.cid"
#define REFERENCES                                                                                                     \
    "SELECT DISTINCT t.name, r.\"table\" FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) r"                  \
    " WHERE t.type = 'table' AND r.\"table\" <> t.name"
#define IDENTITY "SELECT d.file FROM pragma_database_list d WHERE d.name = 'main'"

/* Reading the schema takes the read lock, and with it the moment. */
static FALLIBLE snapshot(struct conn *conn)
{
    return statement_script(conn, "snapshot", "BEGIN; SELECT COUNT(*) FROM sqlite_schema");
}

static const char *insert_text(struct arena *mem, const struct bulk_table *table)
{
    struct buf out = buf_new(mem, 1024);

    buf_printf(&out, "INSERT INTO \"%.*s\" (", STR_ARG(table->name));
    bulk_add_columns(&out, table);
    buf_add(&out, STR(") VALUES ("));
    for (size_t i = 1; i <= table->count; i++)
        buf_printf(&out, "%s$%zu", i == 1 ? "" : ", ", i);
    buf_add_char(&out, ')');
    return arena_cstr(mem, buf_str(&out));
}

static FALLIBLE fill(struct conn *conn, const struct bulk_table *table, const struct value *rows, size_t count)
{
    AUTO(arena) struct arena *mem = arena_new();
    const char *text = insert_text(mem, table);
    bool more = false;

    TRY(statement_pass(conn, text, rows, table->count));
    TRY(statement_next(conn, NULL, 0, &more));
    for (size_t i = 1; i < count; i++) {
        TRY(statement_pass_again(conn, rows + i * table->count, table->count));
        TRY(statement_next(conn, NULL, 0, &more));
    }
    statement_finish(conn);
    return OK;
}

static FALLIBLE serial_last(struct conn *conn, struct str table, struct str column, int64_t *last)
{
    struct value in = in_text(table), row = { .kind = VALUE_NULL };
    bool more = false;
    enum err end;

    (void)column; /* a table has one at most */
    TRY(statement_pass(conn, "SELECT MAX(q.seq) FROM sqlite_sequence q WHERE q.name = $1", &in, 1));
    end = statement_next(conn, &row, 1, &more);
    statement_finish(conn);
    *last = row.number;
    return end;
}

static FALLIBLE run(struct conn *conn, const char *text, const struct value *in, size_t count)
{
    bool more = false;
    enum err end;

    TRY(statement_pass(conn, text, in, count));
    end = statement_next(conn, NULL, 0, &more);
    statement_finish(conn);
    return end;
}

/* A table that never had a row has none in sqlite_sequence either (sqlite.org/autoinc.html). */
static FALLIBLE serial_set(struct conn *conn, struct str table, struct str column, int64_t last)
{
    const struct value in[] = { in_text(table), in_int(last) };

    (void)column;
    TRY(run(conn, "DELETE FROM sqlite_sequence WHERE name = $1", in, 1));
    return last == 0 ? OK : run(conn, "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)", in, 2);
}

const struct bulk_driver sqlite_bulk = {
    .catalogue = CATALOGUE,
    .references = REFERENCES,
    .identity = IDENTITY,
    .snapshot = snapshot,
    .ask = statement_pass,
    .fill = fill,
    .serial_last = serial_last,
    .serial_set = serial_set,
};
