#include "store/transfer_own.h"

#include "store/migrate.h"

void transfer_begin_table(struct transfer *t)
{
    t->phase = PHASE_LOOK;
    pass_begin(&t->ours, t->source, &t->tables.rows[t->at]);
    pass_begin(&t->theirs, t->target, &t->tables.rows[t->at]);
}

static void begin_check(struct transfer *t)
{
    t->phase = PHASE_CHECK;
    pass_begin(&t->theirs, t->target, &t->tables.rows[t->at]);
}

static struct str table_name(const struct transfer *t)
{
    return t->tables.rows[t->at].name;
}

/* What an earlier copy has left must be what the source begins with. */
static FALLIBLE look(struct transfer *t)
{
    struct batch theirs = { 0 }, ours = { 0 };

    TRY(transfer_blame("target", pass_next(&t->theirs, PASS_ROWS, &theirs)));
    if (theirs.count == 0) {
        t->phase = PHASE_COPY;
        return OK;
    }
    TRY(transfer_blame("source", pass_next(&t->ours, theirs.count, &ours)));
    t->done += (int64_t)ours.count;
    if (pass_same(&t->ours, &t->theirs))
        return OK;
    return fail(ERR_CONFLICT,
                "%.*s: the source has changed since the copy was broken off, or it is another source;"
                " --restart begins the copy anew",
                STR_ARG(table_name(t)));
}

static FALLIBLE put(struct transfer *t, const struct batch *batch)
{
    AUTO(tx) struct tx *tx = NULL;
    enum err end;

    TRY(store_begin(t->to, &tx));
    end = t->to->driver->bulk->fill(tx->db.conn, &t->tables.rows[t->at], batch->rows, batch->count);
    if (end == ERR_CONFLICT)
        return fail(end, "somebody else has written to %.*s meanwhile; stop that, and begin anew with --restart",
                    STR_ARG(table_name(t)));
    TRY(end);
    return store_commit(&tx);
}

static void keep_figures(struct transfer *t)
{
    struct moving *m = &t->moving[t->at];

    m->rows = t->ours.rows;
    m->digest = t->ours.digest;
    m->greatest = t->ours.greatest;
}

static FALLIBLE copy(struct transfer *t)
{
    struct batch batch = { 0 };

    TRY(transfer_blame("source", pass_next(&t->ours, PASS_ROWS, &batch)));
    t->done += (int64_t)batch.count;
    if (batch.count > 0)
        return transfer_blame("target", put(t, &batch));
    keep_figures(t);
    t->at++;
    if (t->at < t->tables.count) {
        transfer_begin_table(t);
        return OK;
    }
    t->at = 0;
    t->done = 0;
    begin_check(t);
    return OK;
}

/* Where the source has no counter that outlives a removed row, its greatest number is the last one it has given. */
static FALLIBLE last_number(struct transfer *t, size_t at, const struct bulk_column *column, int64_t *last)
{
    struct str table = t->tables.rows[at].name;
    const struct bulk_column *here = bulk_column(bulk_table(&t->here, table), column->name);
    int64_t counted = 0, greatest = t->moving[at].greatest;

    if (here->serial)
        TRY(t->from->driver->bulk->serial_last(t->source->conn, table, here->name, &counted));
    *last = counted > greatest ? counted : greatest;
    return OK;
}

static FALLIBLE set_counters(struct transfer *t, struct tx *tx)
{
    for (size_t i = 0; i < t->tables.count; i++) {
        const struct bulk_table *table = &t->tables.rows[i];
        for (size_t c = 0; c < table->count; c++) {
            int64_t last = 0;
            if (!table->columns[c].serial)
                continue;
            TRY(last_number(t, i, &table->columns[c], &last));
            TRY(t->to->driver->bulk->serial_set(tx->db.conn, table->name, table->columns[c].name, last));
        }
    }
    return OK;
}

static FALLIBLE finish(struct transfer *t)
{
    AUTO(tx) struct tx *tx = NULL;

    TRY(store_begin(t->to, &tx));
    TRY(set_counters(t, tx));
    TRY(migrate_unmark(tx));
    TRY(store_commit(&tx));
    t->phase = PHASE_DONE;
    return OK;
}

static FALLIBLE compare(const struct transfer *t)
{
    const struct moving *m = &t->moving[t->at];

    if (t->theirs.rows == m->rows && digest_equal(&t->theirs.digest, &m->digest))
        return OK;
    return fail(ERR_INTERNAL,
                "%.*s is not the same: %lld rows were read from the source, %lld are in the target%s; the target stays"
                " marked, --restart begins the copy anew",
                STR_ARG(table_name(t)), (long long)m->rows, (long long)t->theirs.rows,
                t->theirs.rows == m->rows ? ", with other values" : "");
}

static FALLIBLE check(struct transfer *t)
{
    struct batch batch = { 0 };

    TRY(pass_next(&t->theirs, PASS_ROWS, &batch));
    t->done += (int64_t)batch.count;
    if (batch.count > 0)
        return OK;
    TRY(compare(t));
    t->at++;
    if (t->at < t->tables.count) {
        begin_check(t);
        return OK;
    }
    t->at = 0;
    return finish(t);
}

FALLIBLE transfer_step(struct transfer *t, bool *more)
{
    switch (t->phase) {
    case PHASE_LOOK:
        TRY(look(t));
        break;
    case PHASE_COPY:
        TRY(copy(t));
        break;
    case PHASE_CHECK:
        TRY(transfer_blame("target", check(t)));
        break;
    case PHASE_DONE:
        break;
    }
    *more = t->phase != PHASE_DONE;
    return OK;
}

void transfer_progress(const struct transfer *t, struct transfer_progress *out)
{
    *out = (struct transfer_progress){
        .checking = t->phase == PHASE_CHECK || t->phase == PHASE_DONE,
        .table = table_name(t),
        .done = t->done,
        .total = t->total,
    };
}

size_t transfer_count(const struct transfer *t)
{
    return t->tables.count;
}

void transfer_table(const struct transfer *t, size_t at, struct transfer_table *out)
{
    *out = (struct transfer_table){ t->tables.rows[at].name, t->moving[at].rows, t->moving[at].digest };
}

bool transfer_resumed(const struct transfer *t)
{
    return t->resumed;
}

int64_t transfer_schema(const struct transfer *t)
{
    return t->schema;
}

struct str transfer_from(const struct transfer *t)
{
    return store_place(t->from);
}

struct str transfer_to(const struct transfer *t)
{
    return store_place(t->to);
}

FALLIBLE transfer_missed(struct transfer *t, int64_t *rows)
{
    AUTO(db) struct db *now = NULL;
    struct mark mark = t->mark;

    if (t->has_mark) {
        TRY(db_open(t->from, &now));
        TRY(epoch_read(now, &mark));
    }
    *rows = mark.seq - t->mark.seq;
    return OK;
}
