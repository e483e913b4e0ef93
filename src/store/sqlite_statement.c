#include "store/sqlite_own.h"

#include <stdio.h>
#include <string.h>
#include "base/why.h"

#define FAULT_MAX 160 /* bytes of the first fault of a damaged file */

FALLIBLE sqlite_fail(sqlite3 *db, int code, const char *what)
{
    int system = sqlite3_system_errno(db);

    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED)
        return refuse_for(WHY_STORE_BUSY, 1);
    if ((code & 0xff) == SQLITE_NOMEM)
        die("out of memory (SQLite)");
    if (system != 0)
        return fail(ERR_INTERNAL, "%s: %s (%s)", what, sqlite3_errmsg(db), strerror(system));
    return fail(ERR_INTERNAL, "%s: %s", what, sqlite3_errmsg(db));
}

/* "UNIQUE constraint failed: users.email_key" is all that SQLite tells; what follows the colon is kept. */
static const char *name_of(const struct conn *conn)
{
    return conn->passing != NULL ? "copy" : query_name(conn->query);
}

static FALLIBLE conflict(struct conn *conn)
{
    const char *message = sqlite3_errmsg(conn->db), *colon = strstr(message, ": ");

    snprintf(conn->clash, sizeof conn->clash, "%s", colon == NULL ? "" : colon + 2);
    return fail(ERR_CONFLICT, "%s: %s", name_of(conn), message);
}

/* Some failures make SQLite roll back everything that is open (sqlite.org/lang_transaction.html, "Response To Errors
 * Within A Transaction"); then what the others of this commit did is gone too, and nothing more may run as if it were
 * not. */
static FALLIBLE statement_failed(struct conn *conn, int code)
{
    conn->failed = true;
    if (conn == conn->engine->writer && conn->engine->begun && sqlite3_get_autocommit(conn->db) != 0)
        conn->lost = true;
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
        return conflict(conn);
    return sqlite_fail(conn->db, code, name_of(conn));
}

FALLIBLE statement_prepare(struct conn *conn, enum query_id query)
{
    int code;

    if (conn->kept[query] != NULL)
        return OK;
    conn->query = query;
    code = sqlite3_prepare_v3(conn->db, query_text(query), -1, SQLITE_PREPARE_PERSISTENT, &conn->kept[query], NULL);
    return code == SQLITE_OK ? OK : statement_failed(conn, code);
}

/* Values live until finish, so SQLite need not copy them. */
static int bind(sqlite3_stmt *statement, int at, const struct value *value)
{
    switch (value->kind) {
    case VALUE_INT:
        return sqlite3_bind_int64(statement, at, value->number);
    case VALUE_TEXT:
        return sqlite3_bind_text64(statement, at, value->bytes.ptr, value->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
    case VALUE_BYTES:
        return sqlite3_bind_blob64(statement, at, value->bytes.ptr, value->bytes.len, SQLITE_STATIC);
    case VALUE_NULL:
        break;
    }
    return sqlite3_bind_null(statement, at);
}

static FALLIBLE bind_all(struct conn *conn, sqlite3_stmt *statement, const struct value *in, size_t count)
{
    if ((size_t)sqlite3_bind_parameter_count(statement) != count)
        return fail(ERR_INTERNAL, "%s takes %d parameters, not %zu", name_of(conn),
                    sqlite3_bind_parameter_count(statement), count);
    for (size_t i = 0; i < count; i++) {
        int code = bind(statement, (int)i + 1, &in[i]);
        if (code != SQLITE_OK)
            return statement_failed(conn, code);
    }
    return OK;
}

FALLIBLE statement_start(struct conn *conn, const struct ask *ask)
{
    conn->clash[0] = '\0';
    conn->query = ask->query;
    conn->failed = false;
    hold_begin(conn);
    if (conn->lost)
        return fail(ERR_INTERNAL, "%s: the transaction has been rolled back", query_name(ask->query));
    TRY(statement_prepare(conn, ask->query));
    TRY(bind_all(conn, conn->kept[ask->query], ask->in, ask->count));
    conn->running = conn->kept[ask->query];
    return OK;
}

FALLIBLE statement_pass(struct conn *conn, const char *text, const struct value *in, size_t count)
{
    int code;

    hold_drop(conn);
    conn->clash[0] = '\0';
    if (conn->lost)
        return fail(ERR_INTERNAL, "copy: the transaction has been rolled back");
    code = sqlite3_prepare_v2(conn->db, text, -1, &conn->passing, NULL);
    if (code != SQLITE_OK)
        return sqlite_fail(conn->db, code, "copy");
    conn->running = conn->passing;
    return bind_all(conn, conn->passing, in, count);
}

FALLIBLE statement_pass_again(struct conn *conn, const struct value *in, size_t count)
{
    sqlite3_reset(conn->passing);
    return bind_all(conn, conn->passing, in, count);
}

static struct str bytes_of(sqlite3_value *from, const void *bytes)
{
    if (bytes == NULL && sqlite3_value_bytes(from) > 0)
        die("out of memory (SQLite)");
    return (struct str){ bytes == NULL ? "" : bytes, (size_t)sqlite3_value_bytes(from) };
}

/* The value once, and not the column three times.  In SQLITE_CONFIG_MULTITHREAD "there is no distinction between protected and
 * unprotected sqlite3_value objects and they can be used interchangeably" (sqlite.org/c3ref/value.html). */
static struct value value_at(sqlite3_stmt *statement, int at)
{
    sqlite3_value *from = sqlite3_column_value(statement, at);

    switch (sqlite3_value_type(from)) {
    case SQLITE_INTEGER:
        return in_int(sqlite3_value_int64(from));
    case SQLITE_TEXT:
        return in_text(bytes_of(from, sqlite3_value_text(from)));
    case SQLITE_BLOB:
        return (struct value){ VALUE_BYTES, 0, bytes_of(from, sqlite3_value_blob(from)) };
    default: /* NULL; STRICT tables hold no REAL of ours */
        return (struct value){ .kind = VALUE_NULL };
    }
}

FALLIBLE statement_next(struct conn *conn, struct value *row, size_t columns, bool *more)
{
    int code = sqlite3_step(conn->running);

    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return statement_failed(conn, code);
    *more = code == SQLITE_ROW;
    if (!*more)
        return OK;
    if (columns > (size_t)sqlite3_data_count(conn->running))
        return fail(ERR_INTERNAL, "%s has fewer than %zu columns", name_of(conn), columns);
    for (size_t i = 0; i < columns; i++)
        row[i] = value_at(conn->running, (int)i);
    return OK;
}

int64_t statement_changed(struct conn *conn)
{
    return sqlite3_changes64(conn->db);
}

/* The code of a reset repeats what step has told. */
void statement_finish(struct conn *conn)
{
    if (conn->running != NULL)
        sqlite3_reset(conn->running);
    conn->running = NULL;
    sqlite3_finalize(conn->passing);
    conn->passing = NULL;
    hold_end(conn, !conn->failed);
}

struct str statement_clash(struct conn *conn)
{
    return str_of(conn->clash);
}

FALLIBLE statement_script(struct conn *conn, const char *name, const char *text)
{
    int code;

    hold_drop(conn);
    code = sqlite3_exec(conn->db, text, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        return OK;
    conn->lost = conn->engine->begun && sqlite3_get_autocommit(conn->db) != 0;
    return sqlite_fail(conn->db, code, name);
}

/* Read from the file: what the connection remembers of the schema is as old as its last statement. */
FALLIBLE statement_has_table(struct conn *conn, const char *name, bool *has)
{
    static const char text[] = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1";
    sqlite3_stmt *statement = NULL;
    int code;

    hold_drop(conn);
    code = sqlite3_prepare_v2(conn->db, text, sizeof text, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return sqlite_fail(conn->db, code, name);
    *has = code == SQLITE_ROW;
    return OK;
}

/* "ok" is the only row of a database without damage (sqlite.org/pragma.html, quick_check). */
static int first_fault(void *fault, int columns, char **texts, char **names)
{
    (void)names;
    if (columns > 0 && texts[0] != NULL && strcmp(texts[0], "ok") != 0)
        snprintf(fault, FAULT_MAX, "%s", texts[0]);
    return 0;
}

FALLIBLE statement_intact(struct conn *conn)
{
    char fault[FAULT_MAX] = "";
    int code;

    hold_drop(conn);
    code = sqlite3_exec(conn->db, "PRAGMA quick_check(1)", first_fault, fault, NULL);
    if (code != SQLITE_OK)
        return sqlite_fail(conn->db, code, "quick_check");
    return fault[0] == '\0' ? OK : fail(ERR_INTERNAL, "the database is damaged: %s", fault);
}
