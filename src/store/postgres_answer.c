#include "store/postgres_own.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/why.h"

/* Types of our columns (src/include/catalog/pg_type.dat of PostgreSQL). */
enum { TYPE_BOOL = 16, TYPE_BYTES = 17, TYPE_INT8 = 20, TYPE_INT2 = 21, TYPE_INT4 = 23 };

/* What a failure means for us, by the beginning of its SQLSTATE (PostgreSQL 15, Appendix A). */
enum fate { FATE_INTERNAL, FATE_CLASH, FATE_BUSY, FATE_UNDONE, FATE_GONE };

static const struct {
    const char *state;
    enum fate fate;
} fates[] = {
    { "23505", FATE_CLASH },  /* unique_violation */
    { "40001", FATE_UNDONE }, /* serialization_failure */
    { "40P01", FATE_UNDONE }, /* deadlock_detected */
    { "55P03", FATE_BUSY },   /* lock_not_available: lock_timeout */
    { "57014", FATE_BUSY },   /* query_canceled: statement_timeout */
    { "53300", FATE_BUSY },   /* too_many_connections */
    { "57P0", FATE_GONE },    /* the server stops, starts, or ends an idle session */
    { "25P03", FATE_GONE },   /* idle_in_transaction_session_timeout */
    { "25006", FATE_GONE },   /* read_only_sql_transaction: this server is a standby by now; another is the primary */
    { "26000", FATE_GONE },   /* invalid_sql_statement_name: somebody has thrown our statements away */
    { "0A000", FATE_GONE },   /* "cached plan must not change result type": a migration has run meanwhile */
};

int64_t answer_wait_ms(const struct engine *engine)
{
    return 2 * engine->busy_ms + 1000; /* the server's own bound, statement_timeout, comes first */
}

FALLIBLE answer_busy(const char *what, const char *why)
{
    struct note note = { .why = WHY_STORE_BUSY, .retry_after_s = 1 };

    /* libpq's sentences have several lines; the log has one. */
    snprintf(note.text, sizeof note.text, "%s: %s", what, why);
    for (char *c = note.text; *c != '\0'; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    note_put(&note);
    return ERR_BUSY;
}

/* The link is of no more use. */
static FALLIBLE gone(struct conn *conn, const char *what, const char *why)
{
    enum err end = answer_busy(what, why); /* first: the text may be the link's */

    conn->gone = true;
    conn_down(conn);
    return end;
}

FALLIBLE answer_send_failed(struct conn *conn, const char *what)
{
    return gone(conn, what, conn->engine->pq->PQerrorMessage(conn->link));
}

void answer_drop(struct conn *conn, PGresult **result)
{
    conn->engine->pq->PQclear(*result);
    *result = NULL;
}

/* A constraint that PostgreSQL has named itself is users_email_key_key: table, column, "key". */
static void keep_clash(struct conn *conn, const char *table, const char *constraint)
{
    struct str name = str_of(constraint), of = str_of(table);

    if (!str_starts(name, of) || !str_ends(name, STR("_key")) || name.len < of.len + sizeof "__key")
        snprintf(conn->clash, sizeof conn->clash, "%.*s", STR_ARG(name));
    else
        snprintf(conn->clash, sizeof conn->clash, "%.*s.%.*s", STR_ARG(of), (int)(name.len - of.len - sizeof "_key"),
                 name.ptr + of.len + 1);
}

static enum fate fate_of(const char *state)
{
    for (size_t i = 0; i < sizeof fates / sizeof *fates; i++)
        if (strncmp(state, fates[i].state, strlen(fates[i].state)) == 0)
            return fates[i].fate;
    return FATE_INTERNAL;
}

static const char *text_of(const struct libpq *pq, const PGresult *result, int field)
{
    const char *text = pq->PQresultErrorField(result, field);
    return text == NULL ? "" : text;
}

/* Never the DETAIL field: it shows the row. */
static FALLIBLE refused(struct conn *conn, const PGresult *result, const char *what)
{
    const struct libpq *pq = conn->engine->pq;
    const char *state = text_of(pq, result, PG_DIAG_SQLSTATE), *why = text_of(pq, result, PG_DIAG_MESSAGE_PRIMARY);
    enum fate fate = fate_of(state);

    if (fate == FATE_GONE || pq->PQstatus(conn->link) == CONNECTION_BAD)
        return gone(conn, what, why[0] == '\0' ? pq->PQerrorMessage(conn->link) : why);
    conn->undone = fate == FATE_UNDONE;
    if (fate == FATE_BUSY || fate == FATE_UNDONE)
        return answer_busy(what, why);
    if (fate != FATE_CLASH)
        return fail(ERR_INTERNAL, "%s: %s (SQLSTATE %s)", what, why, state);
    keep_clash(conn, text_of(pq, result, PG_DIAG_TABLE_NAME), text_of(pq, result, PG_DIAG_CONSTRAINT_NAME));
    return fail(ERR_CONFLICT, "%s: %s", what, why);
}

static bool is_good(const struct libpq *pq, const PGresult *result)
{
    switch ((int)pq->PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        return true;
    default:
        return false;
    }
}

bool answer_ready(int fd, short events, int64_t until_ns)
{
    for (;;) {
        struct pollfd one = { .fd = fd, .events = events };
        int64_t left_ms = until_ns == POSTGRES_NEVER ? -1 : (until_ns - clock_mono_ns()) / 1000000 + 1;
        int got = poll(&one, 1, left_ms < -1 ? 0 : (int)left_ms);
        if (got != 0 && !(got < 0 && errno == EINTR))
            return true;
        if (until_ns != POSTGRES_NEVER && clock_mono_ns() >= until_ns)
            return false;
    }
}

/* Read until a whole result is here. */
static FALLIBLE wait_result(struct conn *conn, const char *what, int64_t until_ns)
{
    const struct libpq *pq = conn->engine->pq;

    while (pq->PQisBusy(conn->link)) {
        if (!answer_ready(pq->PQsocket(conn->link), POLLIN, until_ns)) {
            enum err end = answer_busy(what, "the server did not answer in time");
            conn_down(conn); /* not "gone": who has waited so long does not begin anew */
            return end;
        }
        if (!pq->PQconsumeInput(conn->link))
            return OK; /* the next result tells it */
    }
    return OK;
}

FALLIBLE answer_next(struct conn *conn, const char *what, int64_t until_ns, PGresult **out)
{
    TRY(wait_result(conn, what, until_ns));
    *out = conn->engine->pq->PQgetResult(conn->link);
    return OK;
}

int64_t answer_until_ns(int64_t wait_ms)
{
    return wait_ms == POSTGRES_NEVER ? POSTGRES_NEVER : clock_mono_ns() + wait_ms * 1000000;
}

FALLIBLE answer_judge(struct conn *conn, const char *what, const PGresult *result)
{
    return is_good(conn->engine->pq, result) ? OK : refused(conn, result, what);
}

/* Let go of all results but the one that decides: the last good, or the first that is not. */
static FALLIBLE collect(struct conn *conn, const char *what, int64_t until_ns, PGresult **out)
{
    const struct libpq *pq = conn->engine->pq;
    PGresult *kept = NULL, *result = NULL;

    for (;;) {
        enum err end = answer_next(conn, what, until_ns, &result);
        if (end != OK) {
            pq->PQclear(kept);
            return end;
        }
        if (result == NULL)
            break;
        if (kept != NULL && !is_good(pq, kept)) {
            pq->PQclear(result);
            continue;
        }
        pq->PQclear(kept);
        kept = result;
    }
    *out = kept;
    return OK;
}

FALLIBLE answer_wait(struct conn *conn, const char *what, int64_t wait_ms, PGresult **out)
{
    PGresult *result = NULL;
    enum err end;

    TRY(collect(conn, what, answer_until_ns(wait_ms), &result));
    if (result == NULL)
        return answer_send_failed(conn, what);
    end = answer_judge(conn, what, result);
    if (end == OK && out != NULL)
        *out = result;
    else
        answer_drop(conn, &result);
    return end;
}

FALLIBLE answer_to(struct conn *conn, const char *what, const char *text, int64_t wait_ms, PGresult **out)
{
    TRY(flight_leave(conn));
    if (!conn->engine->pq->PQsendQuery(conn->link, text))
        return answer_send_failed(conn, what);
    return answer_wait(conn, what, wait_ms, out);
}

/* Such a result is told again and again until the rows are sent, so it is asked for once. */
FALLIBLE answer_copy(struct conn *conn, const char *what, const char *text, int64_t wait_ms)
{
    const struct libpq *pq = conn->engine->pq;
    PGresult *result = NULL;
    enum err end;

    TRY(flight_leave(conn));
    if (!pq->PQsendQuery(conn->link, text))
        return answer_send_failed(conn, what);
    TRY(answer_next(conn, what, answer_until_ns(wait_ms), &result));
    if (result == NULL)
        return answer_send_failed(conn, what);
    if (pq->PQresultStatus(result) == PGRES_COPY_IN) {
        answer_drop(conn, &result);
        return OK;
    }
    end = refused(conn, result, what);
    answer_drop(conn, &result);
    while (conn->link != NULL && (result = pq->PQgetResult(conn->link)) != NULL)
        pq->PQclear(result);
    return end;
}

/* Big-endian, of 1 to 8 bytes, sign in the first bit. */
static int64_t int_of(const char *bytes, int length)
{
    uint64_t number = length > 0 && (bytes[0] & 0x80) != 0 ? UINT64_MAX : 0;

    for (int i = 0; i < length; i++)
        number = number << 8 | (uint8_t)bytes[i];
    return (int64_t)number;
}

struct value answer_value(const struct libpq *pq, const PGresult *answer, int row, int column)
{
    const char *bytes = pq->PQgetvalue(answer, row, column);
    struct str as_is = { bytes, (size_t)pq->PQgetlength(answer, row, column) };

    if (pq->PQgetisnull(answer, row, column))
        return (struct value){ .kind = VALUE_NULL };
    switch (pq->PQftype(answer, column)) {
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

struct portion answer_whole(const struct libpq *pq, const PGresult *answer)
{
    return (struct portion){ .answer = answer, .end = pq->PQntuples(answer) };
}

int64_t answer_number(const struct libpq *pq, const PGresult *answer, int row)
{
    return row < pq->PQntuples(answer) ? answer_value(pq, answer, row, 0).number : 0;
}

/* PQcmdTuples does not change it. */
int64_t answer_changed(const struct libpq *pq, const PGresult *answer)
{
    int64_t changed = 0;

    if (!str_to_int(str_of(pq->PQcmdTuples((PGresult *)(uintptr_t)answer)), 0, INT64_MAX, &changed))
        return 0;
    return changed;
}
